"""Forms from the law and the schemas: the fields of an act's body, and those that the law requires.

Pure except for its own data files, which are read once. A page takes `form_of`, shows it by the
macros in `templates/forms.html`, and reads the posted values with `read`.

Owns the fields of a form and the words for its mistakes. Touches law and events: no database, no
request.
"""

from __future__ import annotations

from gateway.console.forms.build import form_of
from gateway.console.forms.edit import edited, opened
from gateway.console.forms.fields import Field, FieldError, Form
from gateway.console.forms.filling import values_of
from gateway.console.forms.reading import read, recipients
from gateway.console.forms.typed import MOST_VALUES, Typed
from gateway.console.forms.view import FormView
from gateway.console.forms.wrongs import wrongs_of
from gateway.console.languages import Language

__all__ = [
    "MOST_VALUES",
    "Field",
    "FieldError",
    "Form",
    "FormView",
    "Language",
    "Typed",
    "edited",
    "form_of",
    "opened",
    "read",
    "recipients",
    "values_of",
    "wrongs_of",
]
