"""1,797 handwritten digits of 8 x 8 pixels, by 13 people: the real data of several chapters.

    E. Alpaydin and C. Kaynak (1998), Optical Recognition of Handwritten Digits, UCI Machine Learning Repository
    https://doi.org/10.24432/C50P49, licence CC BY 4.0

They lie in the package (lib/data), so that they are found from any folder. Digits by one hand seem to stand together in
the file (a model does worse on its last part than on as many taken at random), so the last ones are held out: mostly
by people whose writing the model has not seen.
"""

import functools
from importlib import resources

import numpy as np

from lib import checks

TRAINING = 1_297  # the first ones, to fit on; the last 500 are held out


def load():
    """All digits in the order of the file.

    returns: images (1797, 8, 8) from 0, paper, to 1, ink, in sixteenths; labels (1797,) integers from 0 to 9
    """
    with resources.files("lib").joinpath("data/digits.npz").open("rb") as file, np.load(file) as stored:
        return stored["images"] / 16, stored["labels"].astype(int)


def training_and_held_out():
    """The digits in two parts: (images, labels) of the first 1,297, and (images, labels) of the last 500."""
    images, labels = load()
    return (images[:TRAINING], labels[:TRAINING]), (images[TRAINING:], labels[TRAINING:])


def features(images):
    """The pixels of each image and, last, a 1, whose weight is the intercept.

    images : (..., 8, 8)
    returns: (..., 65)
    raises : ValueError for another shape
    """
    images = checks.finite("images", images)
    if images.shape[-2:] != (8, 8):
        raise ValueError(f"images must have shape (..., 8, 8), but its shape is {images.shape}")
    pixels = images.reshape(images.shape[:-2] + (64,))
    return np.concatenate([pixels, np.ones(pixels.shape[:-1] + (1,))], axis=-1)


def binary(images):
    """The pixels of each image in a row, 1 where at least half of the pixel is ink and 0 elsewhere.

    images : (..., 8, 8) from 0 to 1
    returns: (..., 64)
    raises : ValueError for another shape
    """
    return (features(images)[..., :-1] >= 0.5).astype(float)


@functools.cache
def black_and_white():
    """The parts of `training_and_held_out` with the images as `binary` makes them, (n, 64); kept, so not writable.

    returns: (images, labels) of the 1,297 training digits, and (images, labels) of the 500 held out
    """
    parts = tuple((binary(images), labels) for images, labels in training_and_held_out())
    for array in (array for part in parts for array in part):
        array.setflags(write=False)
    return parts


def nearest(images, others):
    """For each image the one of the others with the fewest pixels that differ, and how many those are.

    images : (n, D) 0 or 1; others: (m, D) 0 or 1, m from 1 up
    returns: (n,) indices of others, the first one of equals; (n,) numbers of pixels, integers from 0 to D
    """
    images, others = _pixels("images", images), _pixels("others", others)
    if images.shape[1:] != others.shape[1:] or not len(others):
        raise ValueError(f"others must have shape (m, {images.shape[1]}), m from 1 up, but its shape is {others.shape}")
    differing = images @ (1 - others).T + (1 - images) @ others.T
    return differing.argmin(axis=-1), differing.min(axis=-1).astype(int)


def _pixels(name, images):
    images = checks.zero_or_one(name, images)
    if images.ndim != 2:
        raise ValueError(f"{name} must have shape (n, D), a row for each image, but its shape is {images.shape}")
    return images
