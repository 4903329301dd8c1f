"""What Photolabel depends on: bills of materials, and the licenses of all locked packages."""
