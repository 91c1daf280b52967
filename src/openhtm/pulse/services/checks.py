"""What must hold of surveys; checked nightly and by ``openhtm doctor``. A finding names surveys, never people or groups."""

from __future__ import annotations

from openhtm.audit.invariants import Invariant, rows_that_break

_COUNTS = """
SELECT s.title AS name FROM pulse_survey s
JOIN (SELECT survey_id, group_key, question, sum(count) AS given FROM pulse_answercount GROUP BY 1, 2, 3) c ON c.survey_id = s.id
LEFT JOIN (SELECT survey_id, group_key, count(*) FILTER (WHERE answered) AS people FROM pulse_invitation GROUP BY 1, 2) i
  ON i.survey_id = s.id AND i.group_key = c.group_key
LEFT JOIN LATERAL (SELECT (b->>'answers')::int AS people FROM jsonb_array_elements(s.blocks) b WHERE b->>'key' = c.group_key) told ON s.sealed
WHERE c.given IS DISTINCT FROM CASE WHEN s.sealed THEN told.people ELSE i.people END
GROUP BY s.id, s.title
"""
_LEAST = """
SELECT s.title AS name FROM pulse_survey s
WHERE s.opened AND (
  EXISTS (SELECT 1 FROM pulse_invitation i WHERE i.survey_id = s.id GROUP BY i.group_key HAVING count(*) < s.least_group)
  OR EXISTS (SELECT 1 FROM jsonb_array_elements(s.blocks) b WHERE (b->>'answers')::int < s.least_group))
"""
_SEALED = """
SELECT s.title AS name FROM pulse_survey s
WHERE s.sealed AND EXISTS (
  SELECT 1 FROM pulse_answercount c WHERE c.survey_id = s.id
  AND NOT EXISTS (SELECT 1 FROM jsonb_array_elements(s.blocks) b WHERE b->>'key' = c.group_key))
"""
INVARIANTS = (
    Invariant(
        "survey-counts-as-answered", "Every question was answered as often in a group as people of it answered.", rows_that_break(_COUNTS)
    ),
    Invariant(
        "survey-least-group", "No group in which answers are counted or told is smaller than the least group.", rows_that_break(_LEAST)
    ),
    Invariant(
        "survey-sealed-keeps-told",
        "A sealed survey keeps counts of the groups that may be shown, and no finer ones.",
        rows_that_break(_SEALED),
    ),
)
