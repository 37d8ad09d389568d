# Where an organisation inspects its traffic, images have to trust what the host trusts, from their first download on.
# Runs on the host, with the root file system in $1 and the host's own certificate authorities in $2 (it may not exist).
if [ -d "$2" ] && [ -x "$1/usr/sbin/update-ca-certificates" ]; then
    mkdir -p "$1/usr/local/share/ca-certificates"
    find "$2" -name '*.crt' -exec cp {} "$1/usr/local/share/ca-certificates/" \;
    chroot "$1" update-ca-certificates >/dev/null 2>&1
fi
