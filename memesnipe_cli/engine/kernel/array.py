"""The type of the kernel's arrays. Not pasted: compiled code has no use for type hints."""

from typing import Any, TypeAlias

Array: TypeAlias = Any  # a numpy array; in plain Python also a list that is indexed the same way
