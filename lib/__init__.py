"""The code behind the course: one idea per module, arrays in and arrays out."""
