"""Make the course's notebooks: the pages of exercises and solutions from the tasks, and what every notebook shows.

`exercise_pages` writes a lesson's two pages; `saved_outputs` runs notebooks and keeps what they print.
"""
