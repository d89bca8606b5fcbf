//! What a request, a decision and their safe display are.
