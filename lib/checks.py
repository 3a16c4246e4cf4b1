"""Argument checks: each error names the argument, the rule and the value that broke it.

    check(name, value) = the value, as an array of floats       if the rule holds
                       = ValueError "name must ..., but ..."    otherwise, and also for nan

The rules are written as what must hold (`not (value > 0)`), since every comparison with nan is false.
"""

from numbers import Integral

import numpy as np


def finite(name, value):
    """The value as a float array of any shape, without nan and infinity.

    raises: ValueError if an entry is nan or infinite, or if the value is no array of real numbers
    """
    array = _real(name, value)
    finite = np.isfinite(array)
    if not finite.all():
        raise ValueError(f"{name} must be finite everywhere, but holds {array[~finite][0]}")
    return array


def positive(name, value):
    """The value as a float array of any shape, finite and above zero everywhere.

    raises: ValueError if an entry is zero, negative, nan or infinite
    """
    array = finite(name, value)
    if not (array > 0).all():
        raise ValueError(f"{name} must be positive everywhere, but its smallest entry is {np.min(array)}")
    return array


def not_negative(name, value):
    """The value as a float array of any shape, finite, 0 or above everywhere.

    raises: ValueError if an entry is negative, nan or infinite
    """
    array = finite(name, value)
    if not (array >= 0).all():
        raise ValueError(f"{name} must be 0 or positive everywhere, but its smallest entry is {np.min(array)}")
    return array


def zero_or_one(name, value):
    """The value as a float array of any shape that holds nothing but 0 and 1.

    raises: ValueError if an entry is anything else
    """
    array = finite(name, value)
    broken = array[(array != 0) & (array != 1)]
    if broken.size:
        raise ValueError(f"{name} must be 0 or 1 everywhere, but holds {broken[0]}")
    return array


def logits(value, name="logits"):
    """Log-weights of K categories as a float array (..., K); -inf bars a category.

    raises: ValueError if there is no category, if an entry is nan or +inf, or if a row has no finite entry
    """
    array = _real(name, value)
    if array.ndim == 0 or array.shape[-1] == 0:
        raise ValueError(f"{name} must have at least one category on its last axis, but its shape is {array.shape}")
    broken = array[~(array < np.inf)]
    if broken.size:
        raise ValueError(f"{name} must be finite or -inf everywhere, but holds {broken[0]}")
    barred = np.argwhere(~np.isfinite(array).any(axis=-1))
    if len(barred):
        row = f"row {tuple(barred[0].tolist())}" if array.ndim > 1 else "its only row"
        raise ValueError(f"{name} must have a finite entry in every row, but {row} is all -inf")
    return array


def integer(name, value, least):
    """The value as an int, at least `least`.

    raises: ValueError if it is smaller or no integer (2.0 and True are none)
    """
    if not isinstance(value, Integral) or isinstance(value, bool) or not value >= least:
        raise ValueError(f"{name} must be an integer from {least} up, but is {value!r}")
    return int(value)


def shape(name, value):
    """A sample shape as in numpy, an int or a tuple of ints from 0 up, as a tuple.

    raises: ValueError if an entry is negative or no integer
    """
    lengths = value if isinstance(value, (tuple, list)) else (value,)
    return tuple(integer(name, length, 0) for length in lengths)


def generator(rng):
    """The random generator, as it is.

    raises: ValueError if it is anything else: a seed, None, or the old np.random.RandomState
    """
    if not isinstance(rng, np.random.Generator):
        raise ValueError(f"rng must be a np.random.Generator, as np.random.default_rng(seed) makes one, but is {rng!r}")
    return rng


def _real(name, value):
    """The value as a float array; a text or a ragged list is refused here, where the argument still has its name."""
    try:
        array = np.asarray(value)
    except ValueError:                                      # rows of different lengths
        array = np.asarray(None)
    if array.dtype.kind not in "biuf":
        raise ValueError(f"{name} must be an array of real numbers, but is {value!r}")
    return array.astype(float, copy=False)
