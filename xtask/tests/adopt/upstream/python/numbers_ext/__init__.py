from ._internal import *
