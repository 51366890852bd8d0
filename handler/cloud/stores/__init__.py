"""Where objects are kept: S3, Tencent COS, or a folder on a developer's machine. One protocol of four verbs."""
