//! A provider of `OpenID Connect` of a test's own: discovery, keys, codes that count once, PKCE, and tokens that are really signed. It shares
//! no code with what it tests.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair, RSA_PKCS1_SHA256, RsaKeyPair,
};
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use drishti_model::Secret;
use drishti_services::access::OpenIdSettings;
use reqwest::Url;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::app::now;

pub(crate) const CLIENT_ID: &str = "drishti";
pub(crate) const CLIENT_SECRET: &str = "client:secret+1";

/// Where the provider sends people back to.
pub(crate) const REDIRECT: &str = "http://localhost:8780/api/v1/session/openid/callback";

/// What signs tokens.
pub(crate) enum Signer {
    Rsa(RsaKeyPair),
    P256(EcdsaKeyPair),
}

impl Signer {
    pub(crate) fn rsa() -> Self {
        Self::Rsa(RsaKeyPair::generate(KeySize::Rsa2048).unwrap())
    }

    pub(crate) fn p256() -> Self {
        Self::P256(EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap())
    }

    fn algorithm(&self) -> &'static str {
        match self {
            Self::Rsa(_) => "RS256",
            Self::P256(_) => "ES256",
        }
    }

    fn key(&self, id: &str) -> Value {
        let encoded = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        match self {
            Self::Rsa(pair) => {
                // PKCS #1: a sequence of the modulus (256 bytes and a zero before them) and the exponent.
                let der = pair.public_key().as_ref();
                let (n, e) = (&der[9..265], &der[267..]);
                json!({"kty": "RSA", "use": "sig", "kid": id, "n": encoded(n), "e": encoded(e)})
            }
            Self::P256(pair) => {
                let (x, y) = pair.public_key().as_ref()[1..].split_at(32);
                json!({"kty": "EC", "crv": "P-256", "kid": id, "x": encoded(x), "y": encoded(y)})
            }
        }
    }

    fn sign(&self, text: &str) -> Vec<u8> {
        let random = SystemRandom::new();
        match self {
            Self::Rsa(pair) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(&RSA_PKCS1_SHA256, &random, text.as_bytes(), &mut signature)
                    .unwrap();
                signature
            }
            Self::P256(pair) => pair
                .sign(&random, text.as_bytes())
                .unwrap()
                .as_ref()
                .to_vec(),
        }
    }
}

/// What the provider knows and does; tests change it.
pub(crate) struct Behaviour {
    /// Claims of the next token besides the usual ones; null takes one away.
    pub(crate) claims: Value,
    /// The header of the next token, in place of the true one.
    pub(crate) header: Option<Value>,
    /// The signature of the next token, in place of the true one.
    pub(crate) signature: Option<Vec<u8>>,
    pub(crate) signer: Signer,
    pub(crate) key_id: String,
    /// The keys that are published, in place of the signer's.
    pub(crate) published: Option<Value>,
    /// What every address answers, in place of what it should.
    pub(crate) broken: Option<(StatusCode, String)>,
    pub(crate) methods: Vec<&'static str>,
    codes: HashMap<String, Grant>,
    given: usize,
    pub(crate) keys_asked: usize,
}

/// What a code is given for.
struct Grant {
    nonce: String,
    challenge: String,
}

#[derive(Clone)]
pub(crate) struct Provider {
    pub(crate) issuer: String,
    pub(crate) behaviour: Arc<Mutex<Behaviour>>,
    stop: CancellationToken,
}

impl Provider {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let provider = Self {
            issuer: format!("http://{}/realm", listener.local_addr().unwrap()),
            behaviour: Arc::new(Mutex::new(Behaviour {
                claims: json!({}),
                header: None,
                signature: None,
                signer: Signer::rsa(),
                key_id: "one".to_owned(),
                published: None,
                broken: None,
                methods: vec!["client_secret_basic"],
                codes: HashMap::new(),
                given: 0,
                keys_asked: 0,
            })),
            stop: CancellationToken::new(),
        };
        let routes = Router::new()
            .route("/realm/.well-known/openid-configuration", get(discovery))
            .route("/realm/keys", get(keys))
            .route("/realm/token", post(token))
            .with_state(provider.clone());
        let stop = provider.stop.clone();
        tokio::spawn(async move {
            let served =
                axum::serve(listener, routes).with_graceful_shutdown(stop.cancelled_owned());
            served.await.unwrap();
        });
        provider
    }

    /// Changes what it does.
    pub(crate) fn set(&self, change: impl FnOnce(&mut Behaviour)) {
        change(&mut self.behaviour.lock().unwrap());
    }

    /// The provider, as an installation knows it.
    pub(crate) fn settings(&self) -> OpenIdSettings {
        OpenIdSettings {
            issuer: self.issuer.clone(),
            client_id: CLIENT_ID.to_owned(),
            client_secret: Some(Secret::new(CLIENT_SECRET)),
            scopes: vec!["email".to_owned()],
            name_claim: "email".to_owned(),
            groups_claim: "groups".to_owned(),
            roles: [].into(),
            default_role: Some(drishti_model::Role::Viewer),
            adds_operators: true,
            accepts_unverified_email: false,
            display: "Example".to_owned(),
            redirect: REDIRECT.parse().unwrap(),
        }
    }

    /// Somebody signs in at the provider, who is sent there with this address: the query that they come back with.
    pub(crate) fn authorize(&self, address: &str) -> String {
        let address = Url::parse(address).unwrap();
        let asked: HashMap<_, _> = address.query_pairs().into_owned().collect();
        assert!(
            address
                .as_str()
                .starts_with(&format!("{}/authorize?", self.issuer))
        );
        for (name, value) in [
            ("response_type", "code"),
            ("client_id", CLIENT_ID),
            ("redirect_uri", REDIRECT),
            ("scope", "openid email"),
            ("code_challenge_method", "S256"),
        ] {
            assert_eq!(asked[name], value, "{name}");
        }
        let mut behaviour = self.behaviour.lock().unwrap();
        behaviour.given += 1;
        let code = format!("code-{}", behaviour.given);
        let grant = Grant {
            nonce: asked["nonce"].clone(),
            challenge: asked["code_challenge"].clone(),
        };
        behaviour.codes.insert(code.clone(), grant);
        format!("code={code}&state={}", asked["state"])
    }
}

async fn discovery(State(provider): State<Provider>) -> Response {
    let behaviour = provider.behaviour.lock().unwrap();
    if let Some(broken) = behaviour.broken.clone() {
        return broken.into_response();
    }
    let issuer = &provider.issuer;
    Json(json!({
        "issuer": issuer,
        "authorization_endpoint": format!("{issuer}/authorize"),
        "token_endpoint": format!("{issuer}/token"),
        "jwks_uri": format!("{issuer}/keys"),
        "token_endpoint_auth_methods_supported": behaviour.methods,
    }))
    .into_response()
}

async fn keys(State(provider): State<Provider>) -> Response {
    let mut behaviour = provider.behaviour.lock().unwrap();
    behaviour.keys_asked += 1;
    if let Some(broken) = behaviour.broken.clone() {
        return broken.into_response();
    }
    let own = behaviour.signer.key(&behaviour.key_id);
    let keys = behaviour.published.clone().unwrap_or(json!([own]));
    Json(json!({"keys": keys})).into_response()
}

async fn token(State(provider): State<Provider>, headers: HeaderMap, body: String) -> Response {
    let form: HashMap<String, String> = form_urlencoded::parse(body.as_bytes())
        .into_owned()
        .collect();
    let mut behaviour = provider.behaviour.lock().unwrap();
    if let Some(broken) = behaviour.broken.clone() {
        return broken.into_response();
    }
    let refused =
        |error: &str| (StatusCode::BAD_REQUEST, Json(json!({"error": error}))).into_response();
    let basic = format!("Basic {}", STANDARD.encode("drishti:client%3Asecret%2B1"));
    let shown = headers
        .get("authorization")
        .map(|shown| shown.to_str().unwrap().to_owned());
    let is_client = match behaviour.methods.as_slice() {
        ["client_secret_post"] => {
            shown.is_none() && form.get("client_secret").map(String::as_str) == Some(CLIENT_SECRET)
        }
        _ => shown == Some(basic),
    };
    if !is_client || form["redirect_uri"] != REDIRECT {
        return refused("invalid_client");
    }
    // A code counts once.
    let Some(grant) = behaviour.codes.remove(&form["code"]) else {
        return refused("invalid_grant");
    };
    let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(&form["code_verifier"]));
    if challenge != grant.challenge {
        return refused("invalid_grant");
    }
    let token = behaviour.token(&provider.issuer, &grant.nonce);
    Json(json!({"access_token": "x", "token_type": "Bearer", "id_token": token})).into_response()
}

impl Behaviour {
    fn token(&self, issuer: &str, nonce: &str) -> String {
        let seconds = now().timestamp();
        let mut claims = json!({
            "iss": issuer, "aud": CLIENT_ID, "sub": "7", "nonce": nonce,
            "iat": seconds, "exp": seconds + 300, "email": "mara@example.com", "email_verified": true, "name": "Mara K."
        });
        for (name, value) in self.claims.as_object().unwrap() {
            claims[name] = value.clone();
        }
        let header = json!({"alg": self.signer.algorithm(), "kid": self.key_id});
        let header = self.header.clone().unwrap_or(header);
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let signed = format!("{}.{}", part(&header), part(&claims));
        let signature = self.signature.clone();
        let signature = signature.unwrap_or_else(|| self.signer.sign(&signed));
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
    }
}
