"""Handwritten digits side by side, for every chapter that shows some."""

import numpy as np

from lib.figures import style


def tiles(ax, images, columns):
    """Images (n, 64), from 0, paper, to 1, ink, in rows of so many columns, with light grey between them.

    A single one has a frame instead.
    """
    rows = -(-len(images) // columns)
    canvas = np.full((rows, 9, columns, 9), 0.25)
    for i, image in enumerate(np.clip(images, 0, 1)):
        canvas[i // columns, :8, i % columns, :8] = image.reshape(8, 8)
    canvas = canvas.reshape(9 * rows, 9 * columns)[:-1, :-1]
    ax.imshow(canvas, cmap="Greys", vmin=0, vmax=1, interpolation="nearest")
    ax.set(xticks=[], yticks=[])
    ax.spines[:].set_visible(len(images) == 1)
    ax.spines[:].set_color(style.GREY)
