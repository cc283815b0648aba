# Copyright (c) detnet.qos contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The options that say which cluster is meant."""

from __future__ import annotations


class ModuleDocFragment:
    """The options of kubernetes.core, by the same names and variables."""

    DOCUMENTATION = r"""
options:
  kubeconfig:
    description:
      - A kubeconfig's path, several in one text as in E(KUBECONFIG), or the content as a dictionary.
      - Without it E(K8S_AUTH_KUBECONFIG) counts, then the files of E(KUBECONFIG), then C(~/.kube/config), and in a pod
        without any of them its service account.
      - Several files are read as kubectl reads them. The first one to name something wins.
    type: raw
  context:
    description:
      - The context, or E(K8S_AUTH_CONTEXT). Without either the kubeconfig's current one.
    type: str
  host:
    description:
      - The address of the API server, or E(K8S_AUTH_HOST). It takes the place of the kubeconfig's.
      - With O(api_key), O(username) and O(password), or O(client_cert) and O(client_key) no kubeconfig is read.
    type: str
  api_key:
    description:
      - A bearer token, or E(K8S_AUTH_API_KEY).
    type: str
  username:
    description:
      - A user's name for basic authentication, or E(K8S_AUTH_USERNAME).
    type: str
  password:
    description:
      - Its password, or E(K8S_AUTH_PASSWORD).
    type: str
  validate_certs:
    description:
      - With V(false), or E(K8S_AUTH_VERIFY_SSL), the credentials are shown to whoever answers there. The certificate is
        not checked, and an C(http://) address beyond this machine is asked as well.
      - Without it a kubeconfig with C(insecure-skip-tls-verify) or such an address is refused.
    type: bool
    aliases: [verify_ssl]
  ca_cert:
    description:
      - The file of the CA that vouches for the server, or E(K8S_AUTH_SSL_CA_CERT).
    type: path
    aliases: [ssl_ca_cert]
  client_cert:
    description:
      - The file of a client certificate, or E(K8S_AUTH_CERT_FILE).
    type: path
    aliases: [cert_file]
  client_key:
    description:
      - The file of its key, or E(K8S_AUTH_KEY_FILE).
    type: path
    aliases: [key_file]
  proxy:
    description:
      - The address of an HTTP proxy, or E(K8S_AUTH_PROXY). Without it the kubeconfig's C(proxy-url) counts, then
        E(HTTPS_PROXY).
    type: str
  no_proxy:
    description:
      - What is asked without O(proxy), separated by commas, or E(K8S_AUTH_NO_PROXY).
    type: str
  proxy_headers:
    description:
      - Headers for O(proxy).
    type: dict
    suboptions:
      proxy_basic_auth:
        description:
          - A name and a password with a colon between them, or E(K8S_AUTH_PROXY_HEADERS_PROXY_BASIC_AUTH).
        type: str
      basic_auth:
        description:
          - The same as the header C(Authorization), or E(K8S_AUTH_PROXY_HEADERS_BASIC_AUTH).
        type: str
      user_agent:
        description:
          - The header C(User-Agent), or E(K8S_AUTH_PROXY_HEADERS_USER_AGENT).
        type: str
  persist_config:
    description:
      - Does nothing, as no kubeconfig is ever written. Tasks may share their options with those of kubernetes.core.
    type: bool
  impersonate_user:
    description:
      - As whom to act, or E(K8S_AUTH_IMPERSONATE_USER). Without it as the kubeconfig's C(as) says.
    type: str
  impersonate_groups:
    description:
      - Of which groups, or E(K8S_AUTH_IMPERSONATE_GROUPS), separated by commas.
    type: list
    elements: str
"""
