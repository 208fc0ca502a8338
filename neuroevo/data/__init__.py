"""Data sets whose classes have roles, and the tasks drawn from them.

The module `images` has the two containers: labelled images, and a data set of three roles with
disjoint classes. `tasks` draws k-way tasks with few or many images per class. `glyphs` makes the
embedded data set of printed characters from the fonts that matplotlib ships, with `glyph_shapes`
drawing each character once. `fashion_mnist`, `cifar_fs`, `mini_imagenet` and `image_folder` read data
sets from files: pickles by `plain_pickle`, which runs nothing that they name, images by `pictures`;
`downloads` fetches what may be fetched. Which class has which role is written in `neuroevo.splits`.
"""
