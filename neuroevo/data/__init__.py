"""Data sets whose classes have roles, and the tasks drawn from them.

The module `images` has the two containers: labelled images, and a data set of three roles with
disjoint classes. `tasks` draws k-way tasks with few or many images per class. `glyphs` makes the
embedded data set of printed characters from the fonts that matplotlib ships, with `glyph_shapes`
drawing each character once; `fashion_mnist` reads the four files of Fashion-MNIST from disk. Which
class has which role is written in `neuroevo.splits`.
"""
