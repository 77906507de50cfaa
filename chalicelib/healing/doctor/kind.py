"""The kind of task that an examination is, for those who know nothing else of the doctor."""

KIND = "doctor"
