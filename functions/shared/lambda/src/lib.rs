//! What Lambda hands a function, and what becomes of it: HTTP requests, queue
//! messages, ticks of a schedule. The only package that names the Lambda
//! runtime.
