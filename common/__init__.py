"""Django plumbing: unit of work, clock, refusals, money fields. No tables, no words of the business."""
