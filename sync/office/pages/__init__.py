"""The pages of the office, a module for each subject; rooms.py says which there are and for whom."""
