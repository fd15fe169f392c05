"""The sample city of Mihon (見本市): an invented municipality with everything a reader should try on it.

Places, numbers and names are made up for this project; coordinates lie on open water so that nobody is sent to a real
door. `content` says what is published in which order, `filling` brings a node there step by step.
"""
