"""One module per family of pictures: `make` invents the parameters, `draw` paints them, `ask` puts a task into words."""
