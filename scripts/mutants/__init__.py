"""Break the book and the package in one place at a time, and list the breaks that no check notices.

``python -m scripts.mutants tex`` breaks the formulas of the pages and asks the equation checks; ``… code`` breaks the
package and asks the tests.  A survivor has to be explained in `equivalent`, or the command fails.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Mutant:
    """One break: what kind it is, where, and what the text reads afterwards; which lines its statement has.

    ``number`` tells breaks of a file apart that are shown alike.
    """

    kind: str
    place: str
    text: str
    shown: str
    lines: tuple[int, int] = (0, 0)
    number: int = 0
