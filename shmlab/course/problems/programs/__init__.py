"""The programs of each problem, a file each, which reads like the page of a textbook."""
