SELECT count(*) FROM one a WHERE a.id IN (SELECT id FROM readings WHERE celsius > 20)
SELECT count(*) FROM one a WHERE a.id NOT IN (SELECT id FROM readings WHERE celsius > 20)
SELECT count(*), sum(b.id) FROM small a LEFT JOIN readings b ON a.id = b.id + 50
SELECT count(*), sum(b.id) FROM small a RIGHT JOIN one b ON a.id = b.id + 50
SELECT count(*), sum(a.id), sum(b.id) FROM small a FULL JOIN one b ON a.id = b.id + 50
SELECT count(*) FROM small a JOIN one b ON a.id < b.id
SELECT id FROM one UNION ALL (SELECT id FROM small WHERE id IN (1, 2, 3))
SELECT a.sensor, count(b.id) FROM one a LEFT JOIN readings b ON a.id = b.id GROUP BY a.sensor
SELECT count(*) FROM readings
SELECT count(*) FROM readings WHERE id < 0
SELECT id FROM readings WHERE id < 0
SELECT count(*) FROM readings WHERE id >= 700000
SELECT sum(id) FROM readings WHERE id >= 300000
SELECT id FROM readings ORDER BY celsius DESC, id LIMIT 5
SELECT id FROM readings ORDER BY id LIMIT 5 OFFSET 400000
SELECT count(*) FROM (SELECT id FROM readings LIMIT 777)
SELECT id, row_number() OVER (PARTITION BY sensor ORDER BY id) AS n FROM small
SELECT id, change(celsius) OVER (PARTITION BY sensor ORDER BY id) AS n FROM small
SELECT sensor, avg(celsius) FROM readings GROUP BY sensor HAVING count(*) > 10
SELECT DISTINCT sensor FROM readings
SELECT sensor, rms(celsius), count(DISTINCT id % 7) FROM readings GROUP BY sensor
SELECT count(*) FROM one WHERE EXISTS (SELECT 1 FROM small WHERE small.id = one.id)
SELECT count(*) FROM one WHERE NOT EXISTS (SELECT 1 FROM small WHERE small.id = one.id)
SELECT a.id FROM small a WHERE a.celsius > (SELECT avg(celsius) FROM readings)
SELECT max(id), min(id) FROM readings WHERE fahrenheit(celsius) > 60
WITH RECURSIVE r AS (SELECT 0 AS i UNION ALL SELECT t.id FROM one t JOIN r ON t.id = r.i + 1 WHERE t.id < 10) SELECT count(*) FROM r
SELECT id FROM small INTERSECT SELECT id FROM one
SELECT id FROM one EXCEPT SELECT id FROM small
SELECT sensor, count(*) FROM readings GROUP BY GROUPING SETS ((sensor), ())
