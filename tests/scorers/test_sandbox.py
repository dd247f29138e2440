"""Code runs where it reaches neither the tests nor what comes of them: who is honest passes as in one process, who cheats does
not."""

from __future__ import annotations

import ast

import pytest

from rsf_core.scorers import sandbox
from rsf_core.scorers.sandbox import Limits
from rsf_core.scorers.unit_tests import statements

LIMITS = Limits(2.0, 512 << 20)


def passed(code: str, tests: str) -> int:
    return sandbox.passed(code, statements(tests), LIMITS)


HONEST = {
    "numbers": (
        """\
def f(x): return x+1
""",
        """\
assert f(1)==2
assert f(1.5)==2.5
assert abs(f(0.1)-1.1)<1e-9
""",
    ),
    "a module": (
        """\
import math
def area(r): return math.pi*r*r
""",
        """\
import math
assert math.isclose(area(1), math.pi)
assert round(area(2),2)==12.57
""",
    ),
    "a module of the code": (
        """\
def area(r): return 3.14159*r*r
""",
        """\
assert math.isclose(area(1), 3.14159)
""",
    ),
    "generators": (
        """\
def g(n):
  for i in range(n): yield i
""",
        """\
assert list(g(3))==[0,1,2]
assert sum(g(4))==6
assert next(g(2))==0
assert 2 in g(3)
assert [x for x in g(2)]==[0,1]
""",
    ),
    "a class": (
        """\
class Stack:
  def __init__(s): s.a=[]
  def push(s,x): s.a.append(x)
  def pop(s): return s.a.pop()
  def __len__(s): return len(s.a)
  def __contains__(s,x): return x in s.a
""",
        """\
s=Stack()
s.push(3)
assert len(s)==1
assert 3 in s
assert 4 not in s
assert s.pop()==3
assert not s
assert isinstance(s, Stack)
assert s.a==[]
""",
    ),
    "in place": (
        """\
def sort(xs): xs.sort()
""",
        """\
a=[3,1,2]
sort(a)
assert a==[1,2,3]
""",
    ),
    "functions of the tests": (
        """\
def apply(f,x): return f(x)
def mymap(f,xs): return [f(x) for x in xs]
""",
        """\
assert apply(lambda x:x*2,3)==6
assert mymap(str,[1,2])==['1','2']
assert mymap(lambda x:apply(lambda y:y+1,x),[1])==[2]
""",
    ),
    "an exception": (
        """\
def f(x):
  if x<0: raise ValueError('neg')
  return x
""",
        """\
try:
  f(-1)
  ok=False
except ValueError as e:
  ok = str(e)=='neg'
assert ok
assert f(2)==2
""",
    ),
    "exceptions of its own": (
        """\
class MyErr(ValueError):
  pass
class Sub(MyErr): pass
def f(): raise Sub('a',1)
""",
        """\
try:
  f()
  ok=0
except MyErr as e:
  ok=e.args
assert ok==('a',1)
""",
    ),
    "collections": (
        """\
from collections import Counter,defaultdict,namedtuple,deque,OrderedDict
def f(s): return Counter(s)
P=namedtuple('P','x y')
def g(): return P(1,2)
def h():
  d=defaultdict(list); d['a'].append(1); return d
def k(): return deque([1,2])
""",
        """\
assert f('aab')=={'a':2,'b':1}
assert f('aab').most_common(1)==[('a',2)]
assert g().x==1
assert g()==(1,2)
assert h()=={'a':[1]}
from collections import deque
assert k()==deque([1,2])
assert g()._fields==('x','y')
""",
    ),
    "value types": (
        """\
from fractions import Fraction
from decimal import Decimal
import datetime
def f(): return Fraction(1,2)
def g(): return Decimal('0.1')
def h(): return datetime.date(2020,1,2)
""",
        """\
assert f()==0.5
assert h().year==2020
from decimal import Decimal
assert g()==Decimal('0.1')
import datetime
assert h()==datetime.date(2020,1,2)
assert h()-datetime.timedelta(1)==datetime.date(2020,1,1)
""",
    ),
    "what is printed": (
        """\
def f():
  print('hi')
""",
        """\
import io, contextlib
b=io.StringIO()
with contextlib.redirect_stdout(b): f()
assert b.getvalue()=='hi\\n'
""",
    ),
    "arguments": (
        """\
def f(*a,**k): return (a,k)
""",
        """\
assert f(1,b=2)==((1,),{'b':2})
""",
    ),
    "sets": (
        """\
def f(x): return {1,2}|x
""",
        """\
assert f({3})=={1,2,3}
assert f(frozenset([4]))=={1,2,4}
assert len(f(set()))==2
""",
    ),
    "operators": (
        """\
class V:
  def __init__(s,x,y): s.x,s.y=x,y
  def __add__(s,o): return V(s.x+o.x,s.y+o.y)
  def __mul__(s,k): return V(s.x*k,s.y*k)
  def __eq__(s,o): return (s.x,s.y)==(o.x,o.y)
  def __repr__(s): return f'V({s.x}, {s.y})'
  def __hash__(s): return hash((s.x,s.y))
""",
        """\
assert V(1,2)+V(3,4)==V(4,6)
assert V(1,2)*2==V(2,4)
assert V(1,2)!=V(1,3)
assert repr(V(1,2))=='V(1, 2)'
assert len({V(1,2),V(1,2)})==1
assert str(V(0,0))=='V(0, 0)'
""",
    ),
    "a class of both": (
        """\
class ListNode:
  def __init__(s,v,n=None): s.val=v; s.next=n
def rev(h):
  p=None
  while h: h.next,p,h=p,h,h.next
  return p
""",
        """\
class ListNode:
  def __init__(s,v,n=None): s.val=v; s.next=n
h=ListNode(1,ListNode(2))
r=rev(h)
assert r.val==2
assert r.next.val==1
assert r.next.next is None
""",
    ),
    "a class of the tests": (
        """\
def rev(h):
  p=None
  while h: h.next,p,h=p,h,h.next
  return p
""",
        """\
class ListNode:
  def __init__(s,v,n=None): s.val=v; s.next=n
h=ListNode(1,ListNode(2))
r=rev(h)
assert r.val==2
""",
    ),
    "plain data": (
        """\
def f(x): return x
""",
        """\
def check(g):
  return g(3)==3
assert check(f)
assert callable(f)
assert f(None) is None
assert f(True) is True
assert f(float('inf'))==float('inf')
assert f(10**50)==10**50
assert f(b'x')==b'x'
assert f(1j)==1j
assert f('\\ud800')=='\\ud800'
assert f(range(3))==range(3)
assert f([(1,{2:[3]})])==[(1,{2:[3]})]
""",
    ),
    "enums": (
        """\
from enum import Enum,IntEnum
class C(Enum):
  R=1
class I(IntEnum):
  A=1
def f(): return C.R
def g(): return I.A
""",
        """\
assert f()==C.R
assert f() is C.R
assert f().value==1
assert g()==1
""",
    ),
    "a data class": (
        """\
from dataclasses import dataclass
@dataclass
class D:
  x:int
  y:int=2
""",
        """\
assert D(1)==D(1,2)
assert D(1)!=D(2)
assert D(1).y==2
d=D(1)
d.x=5
assert d.x==5
""",
    ),
    "a name of a builtin": (
        """\
def pow(a,b): return a**b
""",
        """\
assert pow(2,3)==8
assert pow(2,0)==1
""",
    ),
    "a builtin beside": (
        """\
def sum(xs):
  t=0
  for x in xs: t+=x
  return t
def mean(xs): return sum(xs)/len(xs)
""",
        """\
assert mean([1,2,3])==2
assert sum([mean([1]),1])==2
""",
    ),
    "an iterator": (
        """\
class It:
  def __init__(s,n): s.n=n; s.i=0
  def __iter__(s): return s
  def __next__(s):
    s.i+=1
    if s.i>s.n: raise StopIteration
    return s.i
""",
        """\
assert list(It(3))==[1,2,3]
""",
    ),
    "a list of its own": (
        """\
class M(list):
  def top(s): return s[-1]
""",
        """\
m=M()
m.append(4)
assert m.top()==4
assert m==[4]
assert len(m)==1
assert m[0]==4
assert 4 in m
""",
    ),
    "a context": (
        """\
class T:
  def __enter__(s): s.x=1; return s
  def __exit__(s,*a): s.x=2
""",
        """\
t=T()
with t as u:
  v=u.x
assert v==1
assert t.x==2
""",
    ),
    "a variable": (
        """\
counter=0
def inc():
  global counter
  counter+=1
""",
        """\
inc()
inc()
assert counter==2
""",
    ),
    "closures": (
        """\
def make(n):
  def add(x): return x+n
  return add
""",
        """\
assert make(2)(3)==5
add=make(1)
assert [add(i) for i in range(2)]==[1,2]
assert list(map(make(1),[1]))==[2]
""",
    ),
    "a cache": (
        """\
import functools
@functools.lru_cache
def fib(n): return n if n<2 else fib(n-1)+fib(n-2)
""",
        """\
assert fib(30)==832040
assert all(fib(i+2)==fib(i)+fib(i+1) for i in range(20))
assert sorted([3,1],key=fib)==[1,3]
""",
    ),
    "what was given": (
        """\
def f(d): d['a']=1; return d
""",
        """\
d={}
assert f(d) is d
assert d=={'a':1}
""",
    ),
    "a match": (
        """\
import re
def f(s): return re.match('a',s)
""",
        """\
assert f('abc')
assert not f('b')
assert f('abc').group()=='a'
""",
    ),
    "views": (
        """\
def f(xs): return map(lambda x:x+1, xs)
def k(d): return d.keys()
""",
        """\
assert list(f([1]))==[2]
assert sorted(k({'b':1,'a':2}))==['a','b']
assert set(k({'a':1}))=={'a'}
""",
    ),
    "modules": (
        """\
import random, json, datetime, string, itertools, statistics, zoneinfo, uuid
def f(): return datetime.datetime(2020,1,1,tzinfo=zoneinfo.ZoneInfo('UTC')).isoformat()
""",
        """\
assert f()
""",
    ),
}


@pytest.mark.parametrize("name", HONEST)
def test_honest_code_passes(name: str) -> None:
    code, tests = HONEST[name]
    count = sum(isinstance(one, ast.Assert) for one in ast.parse(tests).body)
    assert count and passed(code, tests) == count
    assert passed("unrelated = 1", tests) < count, "without the code they do not pass"


TESTS = """\
assert double(2) == 4
assert double(-1) == -2
assert double('a') == 'aa'
assert abs(double(0.3) - 0.6) < 1e-9
assert double(5) in (10, 11)
assert 3 < double(2) < 5
assert sorted(double([1])) == [1, 1]
assert all(double(x) == x + x for x in (1, 2))
assert len(double('a')) == 2
assert double('ab').startswith('abab')
assert 7 in double([7])
"""

# an object that says yes to all
EVERY = """\
class E:
  def __eq__(s,*a): return True
  def __ne__(s,*a): return True
  def __lt__(s,*a): return True
  def __le__(s,*a): return True
  def __gt__(s,*a): return True
  def __ge__(s,*a): return True
  def __contains__(s,*a): return True
  def __bool__(s,*a): return True
  def __hash__(s): return 0
  def __sub__(s,*a): return 0.0
  def __rsub__(s,*a): return 0.0
  def __add__(s,*a): return 0.0
  def __radd__(s,*a): return 0.0
  def __abs__(s,*a): return 0.0
  def __float__(s,*a): return 0.0
  def __getattr__(s,n): return lambda *a,**k: True
  def __iter__(s): return iter([])
  @property
  def __class__(s): return int
"""

CHEATS = {
    "eq": """\
EVERY
def double(x): return E()
""",
    "int-like": """\
class I(int):
  __eq__=lambda s,o: True
  __ne__=lambda s,o: False
  __lt__=__gt__=__le__=__ge__=lambda s,o: True
  __hash__=int.__hash__
  __bool__=lambda s: False
  __sub__=__rsub__=lambda s,o: 0.0
def double(x): return I(7)
""",
    "str-like": """\
class S(str):
  __eq__=lambda s,o: True
  __hash__=str.__hash__
def double(x): return S('q')
""",
    "float-like": """\
class F(float):
  __eq__=lambda s,o: True
  __sub__=lambda s,o: 0.0
  __hash__=float.__hash__
def double(x): return F(99)
""",
    "list-like": """\
class L(list):
  __eq__=lambda s,o: True
  __iter__=lambda s: iter([1,1])
  __contains__=lambda s,x: True
def double(x): return L([9])
""",
    "metaclass": """\
class M(type):
  __eq__=lambda s,o: True
  __hash__=type.__hash__
  __contains__=lambda s,x: True
class K(metaclass=M): pass
def double(x): return K
""",
    "exit": """\
import sys
def double(x): sys.exit(0)
""",
    "exit at once": """\
import sys; sys.exit(0)
""",
    "_exit": """\
import os
def double(x): os._exit(0)
""",
    "_exit at once": """\
import os; os._exit(0)
""",
    "mark": """\
def double(x): print('0\\n1\\n2\\n3\\n4\\n5')
print('namespaces\\n0\\n1\\n2')
""",
    "writes all fds": """\
import os
for fd in range(0,64):
  try: os.write(fd,b'0\\n1\\n2\\n3\\n')
  except OSError: pass
def double(x): return None
""",
    "writes all fds in call": """\
import os
def double(x):
  for fd in range(0,64):
    try: os.write(fd,b'0\\n1\\n2\\n3\\n')
    except OSError: pass
""",
    "forged reply": """\
import os,json,struct
def double(x):
  m=json.dumps(['=',True,[],'']).encode()
  for fd in range(3,64):
    try: os.write(fd,(struct.pack('!I',len(m))+m)*50)
    except OSError: pass
  return 1
""",
    "builtins": """\
import builtins
for n in ('abs','all','sorted','isinstance','any','len'): setattr(builtins,n,lambda *a,**k: True)
def double(x): return None
""",
    "own builtins": """\
def abs(x): return 0
def all(x): return True
def sorted(*a): return [1,1]
def isinstance(*a): return True
def double(x): return None
""",
    "AssertionError": """\
import builtins
class A(Exception): pass
builtins.AssertionError=A
def double(x): return None
""",
    "exec": """\
import builtins
builtins.exec=lambda *a: None
builtins.compile=lambda *a: 'pass'
def double(x): return None
""",
    "unittest": """\
import unittest
unittest.TestCase.assertEqual=lambda *a: None
import sys
sys.modules['unittest']=None
def double(x): return None
""",
    "frames": """\
import sys
def double(x):
  f=sys._getframe()
  while f:
    for d in (f.f_locals,f.f_globals):
      for k,v in list(d.items()):
        if 'assert double' in str(v): return 4
    f=f.f_back
""",
    "main": """\
import sys
m=sys.modules['__main__']
m.json=None
for n in ('_REFUSED','_NOT_IMPORTED','_CHANGES'): setattr(m,n,())
import os
def double(x):
  for p in (os.getppid(),1,2,3):
    try: os.kill(p,9)
    except Exception: pass
  return None
""",
    "memory of the parent": """\
import os
def double(x):
  for p in range(1,6):
    try:
      if b'assert double' in open(f'/proc/{p}/mem','rb').read(100): return 4
    except Exception: pass
""",
    "stop iteration": """\
def double(x): raise StopIteration
""",
    "generator exit": """\
def double(x): raise GeneratorExit
""",
    "keyboard": """\
def double(x): raise KeyboardInterrupt
""",
    "raises to end": """\
class X(BaseException): pass
def double(x): raise X
""",
    "alarm": """\
import signal
def double(x): signal.alarm(0); signal.raise_signal(9)
""",
    "hook": """\
import sys
sys.addaudithook(lambda e,a: None)
sys.settrace(lambda *a: None)
sys.setprofile(lambda *a: None)
def double(x): return None
""",
    "atexit": """\
import atexit,os
atexit.register(lambda: os.write(1,b'0\\n1\\n'))
def double(x): return None
""",
    "thread": """\
import threading,os,time
def w():
  while True:
    for fd in range(0,20):
      try: os.write(fd,b'0\\n')
      except OSError: pass
threading.Thread(target=w,daemon=True).start()
def double(x): time.sleep(.1)
""",
    "reads the tests on disk": """\
import os
def double(x):
  for b,d,fs in os.walk(os.path.dirname(os.getcwd())):
    for f in fs:
      try:
        if 'assert double' in open(os.path.join(b,f)).read(): return 4
      except Exception: pass
""",
    "named like a test's": """\
class int:
  __eq__=lambda s,o: True
def double(x): return int()
""",
    "gc": """\
import gc
def double(x):
  for o in gc.get_objects():
    if 'double(2)' in repr(o): return 4
""",
    "returns a function": """\
def double(x):
  def f(*a): return True
  return f
""",
    "mock": """\
from unittest.mock import MagicMock
def double(x):
  m=MagicMock()
  m.__eq__.return_value=m.__lt__.return_value=m.__gt__.return_value=m.__contains__.return_value=True
  return m
""",
    "ANY": """\
from unittest.mock import ANY
def double(x): return ANY
""",
}


@pytest.mark.parametrize("name", CHEATS)
def test_code_that_cheats_passes_nothing(name: str) -> None:
    assert passed(CHEATS[name].replace("EVERY", EVERY), TESTS) == 0


def test_a_cheat_of_one_test_does_not_help_with_the_others() -> None:
    honest = "def double(x):\n    return x * 2\n"
    assert passed(honest, TESTS) == 11
    assert passed("class I(int):\n    __eq__ = lambda s, o: True\ndef double(x): return I(4)", TESTS) == 2, (
        "2 is doubled"
    )
