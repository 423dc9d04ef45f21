"""Print how many seconds a scan of the generated stub takes: the median of many."""

import statistics
import time

import stub_ext
from datafusion import SessionConfig, SessionContext

ctx = SessionContext(SessionConfig().with_target_partitions(1))
ctx.register_table("t", stub_ext.Readings(1 << 22, 1))
seconds = []
for _ in range(15):
    started = time.perf_counter()
    ctx.sql("SELECT * FROM t WHERE celsius < 0").collect()
    seconds.append(time.perf_counter() - started)
print(statistics.median(seconds))
