"""Build hook: a development install that knows the exporters by their installed name.

The folder `exporters/` is installed as the package `s2sgraph_exporters`. The wheel does that by a
copy (`force-include` in pyproject.toml). A development install must do it by a redirection, which
hatchling refuses to write for a folder whose name changes; this hook writes it, with the same
library (`editables`) that hatchling uses for `s2sgraph` itself.
"""

import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class ExportersUnderTheirInstalledName(BuildHookInterface):
    """Adds the redirection s2sgraph_exporters → exporters/ to a development install."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Name the files to add; `version` is "editable" for a development install."""
        if version != "editable":
            return
        from editables import EditableProject

        project = EditableProject("s2sgraph_exporters", self.root)
        project.map("s2sgraph_exporters", "exporters")
        self._written = tempfile.TemporaryDirectory()
        for name, content in project.files():
            path = Path(self._written.name, name)
            path.write_text(content, encoding="utf-8")
            # Naming any file here also drops the copies that the wheel gets by force-include.
            build_data["force_include_editable"][str(path)] = name
