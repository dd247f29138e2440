"""Programs whose values cross between tests and code: numbers, collections, types of values, enums."""

from __future__ import annotations

# by name: the code, and its tests
VALUES = {
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
}
