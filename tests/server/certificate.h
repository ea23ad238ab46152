// Certificates for tests, made on the spot.
#pragma once

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <cstdio>
#include <filesystem>
#include <memory>
#include <string>

namespace krige::server {

// A certificate and its key, as two PEM files; of `issuer`, or self-signed, which may sign others.
struct Certificate {
  Certificate(const std::filesystem::path& folder, const std::string& name, const Certificate* issuer = nullptr,
              const std::string& host = "localhost")
      : certificate((folder / (name + ".crt")).string()),
        key((folder / (name + ".key")).string()),
        pair(EVP_EC_gen("P-256"), EVP_PKEY_free),
        made(X509_new(), X509_free) {
    X509_set_version(made.get(), 2);
    ASN1_INTEGER_set(X509_get_serialNumber(made.get()), issuer == nullptr ? 1 : 2);
    X509_gmtime_adj(X509_getm_notBefore(made.get()), -60);
    X509_gmtime_adj(X509_getm_notAfter(made.get()), 3600);
    X509_set_pubkey(made.get(), pair.get());
    X509_NAME* subject = X509_get_subject_name(made.get());
    X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, reinterpret_cast<const unsigned char*>(name.c_str()), -1,
                               -1, 0);
    X509_set_issuer_name(made.get(), issuer == nullptr ? subject : X509_get_subject_name(issuer->made.get()));
    const std::string names = "DNS:" + host + ",IP:127.0.0.1";
    add(NID_subject_alt_name, names.c_str());
    if (issuer == nullptr) add(NID_basic_constraints, "critical,CA:TRUE");
    X509_sign(made.get(), issuer == nullptr ? pair.get() : issuer->pair.get(), EVP_sha256());
    std::FILE* file = std::fopen(certificate.c_str(), "w");
    PEM_write_X509(file, made.get());
    std::fclose(file);
    file = std::fopen(key.c_str(), "w");
    PEM_write_PrivateKey(file, pair.get(), nullptr, nullptr, 0, nullptr, nullptr);
    std::fclose(file);
  }

  std::string certificate;
  std::string key;
  std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> pair;
  std::unique_ptr<X509, decltype(&X509_free)> made;

 private:
  void add(int kind, const char* value) {
    X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, nullptr, kind, value);
    X509_add_ext(made.get(), extension, -1);
    X509_EXTENSION_free(extension);
  }
};

}  // namespace krige::server
