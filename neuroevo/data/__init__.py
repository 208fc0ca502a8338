"""Data sets with classes split by role, and the tasks drawn from them.

The module `images` has the two containers: labelled images, and a data set of three roles with
disjoint classes. `tasks` draws k-way tasks with few or many images per class. `glyphs` makes the
embedded data set of printed characters from the fonts that matplotlib ships; `glyph_shapes` draws
each character once. `fashion_mnist`, `cifar_fs`, `mini_imagenet`, `tiny_imagenet` and
`image_folder` read data sets from files: pickles by `plain_pickle`, which executes no code from
them, images by `pictures`, which `cache` keeps decoded if they are many; `downloads` fetches those
that are offered for download. `neuroevo.splits` has the roles of classes.
"""
