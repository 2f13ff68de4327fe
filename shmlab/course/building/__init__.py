"""Build the course's notebooks: the pages of exercises and solutions from the tasks, and the outputs of every notebook.

`exercise_pages` writes a lesson's two pages; `saved_outputs` runs notebooks and saves what they print.
"""
