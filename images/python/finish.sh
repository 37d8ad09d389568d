# Runs inside the image, as its root, once the packages and files are there.
rm -f /usr/lib/python3*/EXTERNALLY-MANAGED
