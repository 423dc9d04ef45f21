"""A file of tests runs if ``instances.py`` has what the file tests."""

from __future__ import annotations

import instances

LISTS = {"test_tables.py": "TABLES", "test_functions.py": "FUNCTIONS"}
collect_ignore = [file for file, name in LISTS.items() if not getattr(instances, name, [])]
# An adopted package lacks files of a generated project, such as examples/.
if not hasattr(instances, "ARGUMENTS"):
    collect_ignore.append("test_package.py")
