"""Taking descriptions in: readers of many formats yield drafts, one writer stores them.

Reader (``tables``, ``jsonlines``, ``folders``, ``harvest``; beside them ``linkedart_read``, ``lido``,
``iiif.presentation_read``) -> :class:`~heirloom.catalogue.importers.draft.ItemDraft` ->
:mod:`~heirloom.catalogue.importers.checks` -> :func:`heirloom.catalogue.actions.ingest_records`, which asks
:mod:`~heirloom.catalogue.importers.merge` what would change and writes a
:class:`~heirloom.catalogue.importers.report.Report`, as a dry run or for good.
"""
