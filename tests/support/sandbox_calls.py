"""Programs whose tests and code call each other: arguments, functions, generators, closures, modules, exceptions."""

from __future__ import annotations

# by name: the code, and its tests
CALLS = {
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
    "arguments": (
        """\
def f(*a,**k): return (a,k)
""",
        """\
assert f(1,b=2)==((1,),{'b':2})
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
    "modules": (
        """\
import random, json, datetime, string, itertools, statistics, zoneinfo, uuid
def f(): return datetime.datetime(2020,1,1,tzinfo=zoneinfo.ZoneInfo('UTC')).isoformat()
""",
        """\
assert f()
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
