"""The handwritten digits: the file against scikit-learn's copy of the same set, and what the chapters rely on."""

import numpy as np
import pytest
from sklearn.datasets import load_digits

from lib import digits, likelihood


def test_the_file_is_the_set_that_scikit_learn_ships():
    reference = load_digits()
    images, labels = digits.load()
    np.testing.assert_array_equal(16 * images, reference.images)
    np.testing.assert_array_equal(labels, reference.target)


def test_shapes_and_ranges():
    images, labels = digits.load()
    assert images.shape == (1797, 8, 8) and images.dtype == float and labels.dtype.kind == "i"
    assert images.min() == 0 and images.max() == 1
    np.testing.assert_array_equal(16 * images, np.round(16 * images))                  # sixteenths
    # The counts of the digits 0 to 9 in optdigits.tes, as its description (optdigits.names) lists them.
    assert np.bincount(labels).tolist() == [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]


def test_images_are_the_right_way_up():
    # A 7 has its bar at the top, a 4 has little there; the left column holds next to nothing in any digit.
    images, labels = digits.load()
    top, bottom = images[:, 0].mean(axis=-1), images[:, -1].mean(axis=-1)
    assert top[labels == 7].mean() > 2 * top[labels == 4].mean()
    assert bottom[labels == 2].mean() > 2 * bottom[labels == 7].mean()
    assert images[:, :, 0].mean() < 0.01


def test_the_parts_make_up_the_whole_and_share_nothing():
    (images, labels), (held_out, held_out_labels) = digits.training_and_held_out()
    everything = digits.load()
    assert (len(images), len(held_out)) == (1297, 500)
    np.testing.assert_array_equal(np.concatenate([images, held_out]), everything[0])
    np.testing.assert_array_equal(np.concatenate([labels, held_out_labels]), everything[1])
    assert (np.bincount(labels, minlength=10) > 100).all() and (np.bincount(held_out_labels, minlength=10) > 40).all()


def test_a_reader_may_change_what_was_loaded():
    images, labels = digits.load()
    images[:], labels[:] = 0, 0
    again, labels_again = digits.load()
    assert again.max() == 1 and labels_again.max() == 9


def test_features_are_the_pixels_and_a_one():
    images, _ = digits.load()
    x = digits.features(images)
    assert x.shape == (1797, 65)
    np.testing.assert_array_equal(x[:, :64].reshape(images.shape), images)
    np.testing.assert_array_equal(x[:, 64], 1)
    np.testing.assert_array_equal(digits.features(images[3]), x[3])
    np.testing.assert_array_equal(digits.features(images[:6].reshape(2, 3, 8, 8)), x[:6].reshape(2, 3, 65))


def test_the_last_digits_are_harder_than_as_many_at_random():   # as the module's head says: other hands
    images, labels = digits.load()
    x = digits.features(images)

    def accuracy(order):
        seen, held_out = order[: digits.TRAINING], order[digits.TRAINING :]
        start, slope = np.zeros((65, 10)), likelihood.categorical_slope
        theta = likelihood.descend(slope, x[seen], labels[seen], start, 0.3, 150)[-1]
        return np.mean((x[held_out] @ theta).argmax(axis=-1) == labels[held_out])

    at_random = [accuracy(np.random.default_rng(seed).permutation(1797)) for seed in range(4)]
    assert accuracy(np.arange(1797)) < min(at_random) - 0.02


def test_black_and_white_has_its_threshold_at_half_the_ink():
    images, _ = digits.load()
    black = digits.binary(images)
    assert black.shape == (1797, 64) and set(np.unique(black)) == {0, 1}
    assert abs(black.mean() - images.mean()) < 0.05         # as much ink as before
    np.testing.assert_array_equal(digits.binary(np.full((8, 8), 0.5)), 1)
    np.testing.assert_array_equal(digits.binary(images[7])[8 * 3 + 4], images[7, 3, 4] >= 0.5)


def test_the_parts_in_black_and_white_are_kept_and_cannot_be_written():
    for part, grey in zip(digits.black_and_white(), digits.training_and_held_out(), strict=True):
        np.testing.assert_array_equal(part[0], grey[0].reshape(-1, 64) >= 0.5)
        np.testing.assert_array_equal(part[1], grey[1])
        with pytest.raises(ValueError, match="read-only"):
            part[0][0, 0] = 2
    assert digits.black_and_white() is digits.black_and_white()


def test_the_nearest_is_the_one_that_a_loop_finds():
    rng = np.random.default_rng(0)
    images, others = (rng.random((size, 12)) < 0.5 for size in (20, 30))
    index, pixels = digits.nearest(images, others)
    for image, i, distance in zip(images, index, pixels, strict=True):
        by_hand = [sum(a != b for a, b in zip(image, other, strict=True)) for other in others]
        assert (i, distance) == (int(np.argmin(by_hand)), min(by_hand))
    np.testing.assert_array_equal(digits.nearest(others, others)[1], 0)
    assert pixels.dtype.kind == "i"


@pytest.mark.parametrize("images, others, message", [
    (np.zeros(3), np.zeros((2, 3)), r"images must have shape \(n, D\), .* \(3,\)"),
    (np.zeros((2, 3)), np.full((2, 3), 0.5), "others must be 0 or 1 everywhere, but holds 0.5"),
    (np.zeros((2, 3)), np.zeros((2, 4)), r"others must have shape \(m, 3\), m from 1 up, .* \(2, 4\)"),
    (np.zeros((2, 3)), np.zeros((0, 3)), r"others must have shape \(m, 3\), m from 1 up, .* \(0, 3\)"),
])
def test_what_cannot_be_compared_is_named(images, others, message):
    with pytest.raises(ValueError, match=f"^{message}"):
        digits.nearest(images, others)


@pytest.mark.parametrize("images, message", [
    (np.zeros((3, 64)), r"images must have shape \(..., 8, 8\), but its shape is \(3, 64\)"),
    (np.full((8, 8), np.nan), "images must be finite everywhere, but holds nan"),
])
def test_bad_images_are_named(images, message):
    with pytest.raises(ValueError, match=f"^{message}"):
        digits.features(images)
