"""Lists that the field maintains: rights statements, licences, labels of communities, roles."""
