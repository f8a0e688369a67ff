#ifndef SERVER_UUID_H
#define SERVER_UUID_H

enum { UUID_LEN = 36 };

/* Writes a new random UUID (RFC 9562, version 4) and a NUL. */
void uuid_make(char out[UUID_LEN + 1]);

#endif
