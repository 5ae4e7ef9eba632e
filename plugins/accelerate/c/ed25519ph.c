/* Ed25519ph verification in batches, on the curve of libsodium.
 *
 * Everything about points, scalars and SHA-512 is libsodium's, included below
 * from its sources, which the build brings and checks (hatch_build.py). Here
 * its parts are called in the order of RFC 8032, section 5.1.7, with the
 * decisions of ed25519-dalek's verify_prehashed: S below L; any encoding of a
 * key that libsodium can read as a point, hashed as it was sent; no cofactor;
 * R compared as bytes. libsodium's own function is stricter about keys.
 *
 * Nothing here is secret, so nothing has to take constant time.
 */

#define Py_LIMITED_API 0x030B0000
#define PY_SSIZE_T_CLEAN
#include <Python.h>

/* What libsodium's configure script would find out. */
#define CONFIGURED 1
#define SODIUM_STATIC 1
#if defined(__SIZEOF_INT128__)
#define HAVE_TI_MODE 1
#endif
#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define NATIVE_LITTLE_ENDIAN 1
#endif

#include "crypto_core/ed25519/ref10/ed25519_ref10.c"
#include "crypto_hash/sha512/cp/hash_sha512_cp.c"

/* Of libsodium's utils.c these two are asked for, to clean up after secrets and
 * in constant time there. */

void
sodium_memzero(void *const data, const size_t length)
{
    memset(data, 0, length);
}

int
sodium_is_zero(const unsigned char *data, const size_t length)
{
    unsigned char seen = 0;
    size_t i;

    for (i = 0; i < length; i++) {
        seen |= data[i];
    }
    return seen == 0;
}

enum { KEY = 32, SIGNATURE = 64, DIGEST = 64, RECORD = KEY + SIGNATURE + DIGEST };

/* As the core has them: installation/ed25519ph.py. */
enum { VALID = 0, UNREDUCED_SCALAR = 1, NO_POINT = 2, OTHER = 3 };

static const unsigned char DOM2[33] = "SigEd25519 no Ed25519 collisions\x01";

static unsigned char
verdict(const unsigned char *record, const crypto_hash_sha512_state *domain)
{
    const unsigned char *key = record;
    const unsigned char *commitment = record + KEY;
    const unsigned char *scalar = commitment + 32;
    const unsigned char *digest = record + KEY + SIGNATURE;
    crypto_hash_sha512_state hash = *domain;
    unsigned char challenge[64], found[32];
    ge25519_p3 minus_key;
    ge25519_p2 sum;

    if (!sc25519_is_canonical(scalar)) {
        return UNREDUCED_SCALAR;
    }
    if (ge25519_frombytes_negate_vartime(&minus_key, key) != 0) {
        return NO_POINT;
    }
    crypto_hash_sha512_update(&hash, commitment, 32);
    crypto_hash_sha512_update(&hash, key, KEY);
    crypto_hash_sha512_update(&hash, digest, DIGEST);
    crypto_hash_sha512_final(&hash, challenge);
    sc25519_reduce(challenge);
    ge25519_double_scalarmult_vartime(&sum, challenge, &minus_key, scalar);
    ge25519_tobytes(found, &sum);
    return memcmp(found, commitment, 32) == 0 ? VALID : OTHER;
}

static void
verdicts(const unsigned char *records, Py_ssize_t count,
         const unsigned char *context, unsigned char length, unsigned char *into)
{
    crypto_hash_sha512_state domain;
    Py_ssize_t i;

    crypto_hash_sha512_init(&domain);
    crypto_hash_sha512_update(&domain, DOM2, sizeof DOM2);
    crypto_hash_sha512_update(&domain, &length, 1);
    crypto_hash_sha512_update(&domain, context, length);
    for (i = 0; i < count; i++) {
        into[i] = verdict(records + i * RECORD, &domain);
    }
}

static PyObject *
check_many(PyObject *module, PyObject *args)
{
    Py_buffer records, context;
    PyObject *answer = NULL;

    (void) module;
    if (!PyArg_ParseTuple(args, "y*y*:check_many", &records, &context)) {
        return NULL;
    }
    if (records.len % RECORD != 0) {
        PyErr_SetString(PyExc_ValueError, "a record has 160 bytes");
    } else if (context.len > 255) {
        PyErr_SetString(PyExc_ValueError, "a context has at most 255 bytes");
    } else {
        Py_ssize_t count = records.len / RECORD;
        answer = PyBytes_FromStringAndSize(NULL, count);
        if (answer != NULL) {
            /* Nobody else has seen these bytes yet. */
            unsigned char *into = (unsigned char *) PyBytes_AsString(answer);
            Py_BEGIN_ALLOW_THREADS
            verdicts(records.buf, count, context.buf,
                     (unsigned char) context.len, into);
            Py_END_ALLOW_THREADS
        }
    }
    PyBuffer_Release(&context);
    PyBuffer_Release(&records);
    return answer;
}

static PyMethodDef methods[] = {
    { "check_many", check_many, METH_VARARGS,
      "check_many(records, context, /)\n--\n\n"
      "A verdict, one byte, for each record of key, signature and digest." },
    { NULL, NULL, 0, NULL }
};

static PyModuleDef_Slot slots[] = { { 0, NULL } };

static struct PyModuleDef definition = {
    PyModuleDef_HEAD_INIT,
    .m_name = "_xmtp_identity_accelerate",
    .m_methods = methods,
    .m_slots = slots,
};

PyMODINIT_FUNC
PyInit__xmtp_identity_accelerate(void)
{
    return PyModuleDef_Init(&definition);
}
