"""The image of /Dockerfile: built and started without a container engine or a hub.

building     the base, out of the packages of this machine's distribution; the image, by buildah
container    a command in the image: its own mounts, a root file system that cannot be written, the user of the image
"""
