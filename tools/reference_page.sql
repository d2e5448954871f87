-- Prints doc/reference.md. Run after reference.sql, in the same session.
\qecho '# Reference'
\qecho
\qecho 'Made by `tools/reference.sh` from the comments in the catalogue (`\\df+`, `\\d+` show the same); do not edit.'
\qecho 'Everything is in schema `margin_calib`. Words, signs and units: README.md. Formulas: calibration.md.'
SELECT E'\n## ' || title || string_agg(part, '' ORDER BY name, sort)
  FROM (SELECT coalesce(substr(f.title, 3), 'Further functions') AS title, coalesce(f.title, '9') AS place,
               p.name, pg_temp.signature(p.oid) AS sort,
               format(E'\n\n### %s%s\n\n```text\n%s\n```\n\n%s', p.name,
                      CASE p.kind WHEN 'a' THEN ' (aggregate)' WHEN 'w' THEN ' (window function)'
                                  WHEN 'p' THEN ' (procedure)' ELSE '' END,
                      pg_temp.signature(p.oid), p.comment) AS part
          FROM public_function AS p LEFT JOIN family AS f USING (name)) AS parts
 GROUP BY title, place ORDER BY place;
SELECT E'\n## ' || CASE kind WHEN 'v' THEN 'Views' WHEN 'c' THEN 'Types'
                             ELSE E'Tables\n\nWritten by the functions above, never by hand.' END
       || string_agg(format(E'\n\n### %s\n\n%s\n\n%s', name, comment, pg_temp.columns(oid)), '' ORDER BY name)
  FROM public_relation GROUP BY kind ORDER BY array_position('{v,c,r}'::"char"[], kind);
\qecho
\qecho '## Settings'
\qecho
\qecho '| setting | default | meaning |'
\qecho '| --- | --- | --- |'
LOAD '$libdir/margin_calib';
SELECT format('| `%s` | %s | %s %s |', name, boot_val || coalesce(' ' || unit, ''), short_desc, extra_desc)
  FROM pg_settings WHERE name LIKE 'margin\_calib.%' ORDER BY name;
