"""Programs that try to pass the tests of a doubling function without doubling, for the sandbox of `unit_tests`."""

from __future__ import annotations

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

# an object that equals everything
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
