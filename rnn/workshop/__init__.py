"""The workshop: a reader's own work is begun, checked and packed here.

`host` runs beside the submission, `sandbox` gives it a process of its own, `subject` asks it; `wrong` names what is
wrong. `assignment` grades the assignment in stages, `exercise` and `exercises` the exercises of the book. All of it
needs NumPy alone.
"""
