"""Labs: percent notebooks that are pages of the book, run once for both editions and handed to mkdocs-jupyter."""
