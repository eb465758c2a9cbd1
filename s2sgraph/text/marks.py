"""The characters that part a line: white space between words, a separator between characters."""

WHITE_SPACE = (
    "\t\n\v\f\r\x1c\x1d\x1e\x1f \x85\xa0\u1680"
    "\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
    "\u2028\u2029\u202f\u205f\u3000"
)
"""What parts words: all that Unicode calls white space, as `str.split` takes it."""

SEPARATOR = "\u001f"
"""Between the characters of a line for files that cannot cut it: Unicode's unit separator.

A blank cannot serve, since it is a character of its own.
"""
