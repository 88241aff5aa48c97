"""Reads the files of estimators, also those of other scikit-learn versions, and says what fails."""
