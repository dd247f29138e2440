"""Programs with classes, and with objects that are changed in place."""

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

# by name: the code, and its tests
CLASSES = {
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
    "a class of both": (LIST_NODE + REVERSED, LIST_NODE + OF_REVERSED),
    "a class of the tests": (REVERSED, LIST_NODE + OF_REVERSED),
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
}
