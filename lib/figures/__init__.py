"""The pictures of the course: one module per chapter, plain functions from numbers to a figure and its sentence."""
