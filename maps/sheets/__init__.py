"""Printed sheets (一格一图): one grid, one map, as true vectors and to a true scale.

`values` says what goes in, `crop` what of it lies on one sheet and how the sheet is laid out in numbers, `page` draws it,
`atlas` makes many of them. Everything is drawn in millimetres of paper. Only modules that draw import matplotlib, which
takes a second.
"""
