#include "tests/unit/door.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "tests/unit/fake_model.h"

static const char *header(const struct request *req, const char *name)
{
    const struct door *d = req->connection;

    return strcasecmp(name, "inference-header-content-length") == 0 ? d->ihcl : NULL;
}

/* The content type and the one header that may be there tell the same. */
static void check_type(struct door *d, const struct response *res)
{
    bool binary = strcmp(res->content_type, "application/octet-stream") == 0;

    if (!binary && strcmp(res->content_type, "application/json") != 0)
        abort();
    if (binary != (res->n_headers == 1))
        abort();
    d->json_len = binary ? strtoul(res->headers[0].value, NULL, 10) : res->body->len;
    if (d->json_len + binary > res->body->len)
        abort();
}

int door_send(struct door *d, const struct protocol *p, const void *body, size_t len)
{
    struct request req = {.body = body,
                          .body_len = len,
                          .content_type = d->content_type ? d->content_type : "",
                          .header = header,
                          .connection = d};

    d->answer.limit = 1 << 20;
    buf_reset(&d->answer);
    d->err = (struct error){0};
    batch_reset(&d->batch);
    d->batch.served = &fake_served;
    d->batch.max = DOOR_IMAGES_MAX;
    d->batch.json_depth_max = DOOR_DEPTH_MAX;
    d->batch.picture_budget = DOOR_PICTURES_MAX;

    struct response res = {.body = &d->answer};
    int r = p->decode(&req, &d->batch, &d->err);

    if (r == 0)
        r = batch_predict(&d->batch, &d->err);
    if (r == 0)
        r = p->encode(&d->batch, &res, &d->err);
    if (r == 0)
        check_type(d, &res);
    return r ? r : buf_append(&d->answer, "", 1);
}

static int add_picture(struct buf *out, size_t picture, char form)
{
    int r = 0;

    for (size_t i = 0; i < MODEL_INPUT && r == 0; i++) {
        bool row = form != '#' && i % MODEL_SIDE == 0;

        r = buf_print(out, "%s%s%s%zu%s",
                      row && i ? "],"
                      : i      ? ","
                               : "",
                      row ? "[" : "", form == '&' ? "[" : "",
                      i < MODEL_CLASSES ? 10 * picture + i : 0, form == '&' ? "]" : "");
    }
    return r ? r : buf_text(out, form == '#' ? "" : "]");
}

int door_send_text(struct door *d, const struct protocol *p, const char *text)
{
    struct buf body = BUF(1 << 20);
    size_t pictures = 0;
    int r = 0;

    for (; *text && r == 0; text++)
        r = strchr("#@&", *text) ? add_picture(&body, pictures++, *text)
                                 : buf_append(&body, text, 1);
    if (r == 0)
        r = door_send(d, p, body.data, body.len);
    buf_clear(&body);
    return r;
}

void door_finish(struct door *d)
{
    batch_finish(&d->batch);
    buf_clear(&d->answer);
}
