//! How long arkworks takes to verify the proof of a spell:
//!     bench_arkworks STATEMENT [REPEAT]
//!
//! The statement is what bench_spell prints.  The proof's points are made anew
//! each time, with the checks of curve and subgroup that any verifier needs; the
//! key is prepared once.  A statement that does not hold must be refused first:
//! else the time would say nothing.

use ark_bn254::{Bn254, Fq, Fq2, Fr, G1Affine, G2Affine};
use ark_ff::PrimeField;
use ark_groth16::{prepare_verifying_key, Groth16, PreparedVerifyingKey, Proof, VerifyingKey};
use serde_json::Value;
use std::time::Instant;

struct Points {
    a: [Fq; 2],
    b: [Fq2; 2],
    c: [Fq; 2],
}

fn bytes(value: &Value) -> Vec<u8> {
    let text = value.as_str().expect("a number");
    let hex = format!("{:0>64}", text.strip_prefix("0x").unwrap_or(if text == "1" { "1" } else { "0" }));
    (0..32).map(|i| u8::from_str_radix(&hex[2 * i..2 * i + 2], 16).expect("hex")).collect()
}

fn fq(value: &Value) -> Fq {
    Fq::from_be_bytes_mod_order(&bytes(value))
}

fn fq2(value: &Value) -> Fq2 {
    Fq2::new(fq(&value[0]), fq(&value[1]))
}

/// Panics of what is no point of the group.
fn g1(x: Fq, y: Fq) -> G1Affine {
    G1Affine::new(x, y)
}

fn g2(x: Fq2, y: Fq2) -> G2Affine {
    G2Affine::new(x, y)
}

fn key_g1(value: &Value) -> G1Affine {
    g1(fq(&value[0]), fq(&value[1]))
}

fn key_g2(value: &Value) -> G2Affine {
    g2(fq2(&value[0]), fq2(&value[1]))
}

fn read_key(key: &Value) -> PreparedVerifyingKey<Bn254> {
    prepare_verifying_key(&VerifyingKey {
        alpha_g1: key_g1(&key["vk_alpha_1"]),
        beta_g2: key_g2(&key["vk_beta_2"]),
        gamma_g2: key_g2(&key["vk_gamma_2"]),
        delta_g2: key_g2(&key["vk_delta_2"]),
        gamma_abc_g1: key["IC"].as_array().expect("bases").iter().map(key_g1).collect(),
    })
}

fn read_points(proof: &Value) -> Points {
    let (a, b, c) = (&proof["pi_a"], &proof["pi_b"], &proof["pi_c"]);
    Points { a: [fq(&a[0]), fq(&a[1])], b: [fq2(&b[0]), fq2(&b[1])], c: [fq(&c[0]), fq(&c[1])] }
}

fn verify(key: &PreparedVerifyingKey<Bn254>, points: &Points, inputs: &[Fr]) -> bool {
    let proof = Proof {
        a: g1(points.a[0], points.a[1]),
        b: g2(points.b[0], points.b[1]),
        c: g1(points.c[0], points.c[1]),
    };
    Groth16::<Bn254>::verify_proof(key, &proof, inputs).expect("a key for so many inputs")
}

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let repeat: usize = arguments.get(2).map_or(20, |n| n.parse().expect("a number"));
    let text = std::fs::read_to_string(&arguments[1]).expect("the statement");
    let statement: Value = serde_json::from_str(&text).expect("JSON");
    let key = read_key(&statement["key"]);
    let points = read_points(&statement["proof"]);
    let inputs: Vec<Fr> = statement["inputs"]
        .as_array()
        .expect("inputs")
        .iter()
        .map(|input| Fr::from_be_bytes_mod_order(&bytes(input)))
        .collect();
    let mut others = inputs.clone();
    let mut times = Vec::new();

    others[1] = Fr::from(1u64);
    assert!(!verify(&key, &points, &others), "arkworks verifies what does not hold");
    for i in 0..repeat + 2 {
        let start = Instant::now();
        assert!(verify(&key, &points, &inputs), "arkworks does not verify the proof");
        if i >= 2 {
            times.push(start.elapsed().as_secs_f64() * 1e3);
        }
    }
    times.sort_by(|a, b| a.total_cmp(b));
    println!("arkworks\t{:.3}", times[repeat / 2]);
}
