"""Honest programs that the sandbox of `unit_tests` runs, each with tests that it passes as in one process."""

from __future__ import annotations

LIST_NODE = """\
class ListNode:
  def __init__(s,v,n=None): s.val=v; s.next=n
"""
REVERSED = """\
def rev(h):
  p=None
  while h: h.next,p,h=p,h,h.next
  return p
"""
OF_REVERSED = """\
h=ListNode(1,ListNode(2))
r=rev(h)
assert r.val==2
assert r.next.val==1
assert r.next.next is None
"""

# by name: the code, and the tests of it
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
    "a class of both": (LIST_NODE + REVERSED, LIST_NODE + OF_REVERSED),
    "a class of the tests": (REVERSED, LIST_NODE + OF_REVERSED),
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
    "arguments by name in place": (
        """\
def add(xs, value): xs.append(value)
def fill(*, target): target['a']=1; return target
""",
        """\
xs=[]
add(value=3, xs=xs)
assert xs==[3]
t={}
assert fill(target=t) is t
assert t=={'a':1}
""",
    ),
    "iterators of the tests": (
        """\
def take(n, it): return [next(it) for _ in range(n)]
def flat(xss): return [x for xs in xss for x in xs]
def lines(f): return sum(1 for _ in f)
def first(it): return next(it, None)
""",
        """\
import io, itertools
assert take(2, iter([1,2,3]))==[1,2]
assert take(3, itertools.count(5))==[5,6,7]
assert take(2, (x*x for x in itertools.count()))==[0,1]
assert flat(x for x in [[1],[2]])==[1,2]
assert flat(zip([1],[2]))==[1,2]
assert flat(map(list, ['ab']))==['a','b']
assert lines(io.StringIO('a\\nb'))==2
assert first(iter([])) is None
it=iter([1,2,3])
take(2, it)
assert next(it)==3
""",
    ),
    "exceptions of functions of the tests": (
        """\
def retry(f, times):
  for _ in range(times):
    try: return f()
    except (ValueError, KeyError) as e: last=e
  raise last
def quiet(f):
  try: return f()
  except ZeroDivisionError: return 0
""",
        """\
left=[1,2]
def flaky():
  if left: raise ValueError('not yet', left.pop())
  return 5
def never(): raise KeyError('a')
class Mine(ZeroDivisionError): pass
def own(): raise Mine
assert retry(flaky, 3)==5
assert left==[]
assert quiet(lambda: 1/0)==0
assert quiet(own)==0
try:
  retry(never, 2)
  says=None
except KeyError as e:
  says=e.args
assert says==('a',)
""",
    ),
    "classes that test": (
        """\
class Shape:
  def twice(s): return 2*s.area()
def add(a,b): return a+b
""",
        """\
import io, unittest
class OfAdd(unittest.TestCase):
  def test_sum(self):
    self.assertEqual(add(1,2),3)
    with self.assertRaises(TypeError): add(1,'a')
suite=unittest.defaultTestLoader.loadTestsFromTestCase(OfAdd)
result=unittest.TextTestRunner(stream=io.StringIO()).run(suite)
assert result.testsRun==1 and result.wasSuccessful()
class Helper:
  def holds(self): return add(1,2)==3
assert Helper().holds()
class Square(Shape):
  def __init__(s,a): s.a=a
  def area(s): return add(s.a*s.a,0)
assert Square(2).twice()==8
""",
    ),
    "slices": (
        """\
class Row:
  def __init__(s,xs): s.xs=xs
  def __getitem__(s,i): return s.xs[i]
def cut(xs, how): return xs[how]
""",
        """\
assert Row([1,2,3])[0:2]==[1,2]
assert Row([1,2,3])[::-1]==[3,2,1]
assert cut('abcd', slice(1,None,2))=='bd'
""",
    ),
    "collections in place": (
        """\
from collections import defaultdict
def group(words):
  d=defaultdict(list)
  for w in words: d[len(w)].append(w)
  return d
def reach(graph, start): return sorted({start, *(b for a in graph[start] for b in [a, *graph[a]])})
def turn(d): d.rotate(1)
def count(c, x): c[x]+=1
""",
        """\
from collections import Counter, OrderedDict, defaultdict, deque
d=group(['a','bb'])
assert d=={1:['a'],2:['bb']}
assert d[9]==[]
g=defaultdict(list)
g[1]+=[2,3]
assert reach(g,1)==[1,2,3]
assert g[2]==[] and 3 in g
q=deque([1,2,3])
turn(q)
assert q==deque([3,1,2])
for c in (Counter('ab'), defaultdict(int, a=1), OrderedDict(a=1)): count(c,'a')
assert c=={'a':2}
c=Counter('aab')
count(c,'z')
assert c==Counter('aabz')
""",
    ),
    "contexts and errors": (
        """\
from contextlib import contextmanager
class Lost(Exception): pass
class Ending:
  def __enter__(s): return s
  def __exit__(s,kind,error,trace): return kind is not None and issubclass(kind,(ValueError,Lost))
log=[]
@contextmanager
def logged():
  try: yield
  except KeyError as e: log.append(str(e)); raise
  finally: log.append('left')
""",
        """\
def after(error):
  with Ending(): raise error
  return 'on'
assert after(ValueError('x'))=='on'
assert after(Lost())=='on'
try:
  after(TypeError('y'))
  says=None
except TypeError as e:
  says=str(e)
assert says=='y'
try:
  with logged(): {}['k']
except KeyError: raised=True
assert raised
assert log==["'k'", 'left']
""",
    ),
}
