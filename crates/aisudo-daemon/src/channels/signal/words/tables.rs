//! The words of each language.
//!
//! A word that could be taken for something else by whoever uses two of these languages is left out:
//! the tests compare all pairs. So English has no `y`, which joins two codes in Spanish; Czech and
//! Polish have no `no`, which is a kind of yes there; Japanese has no `結構です` and no `いいです`,
//! which are both. One of anything in [`Table::unclear`] is neither yes nor no, although it begins
//! with a word that is.

use aisudo_core::config::Language;

/// The words of one language, in lower case. A phrase has blanks where its words are apart.
#[derive(Clone, Copy, Debug)]
pub(super) struct Table {
    /// Yes. The first is what the question suggests.
    pub(super) yes: &'static [&'static str],
    /// No. The first is what the question suggests.
    pub(super) no: &'static [&'static str],
    /// What changes nothing: please, thanks, and.
    pub(super) polite: &'static [&'static str],
    /// What sounds like one of the others and is not.
    pub(super) unclear: &'static [&'static str],
}

/// What is said everywhere.
pub(super) const COMMON: Table = Table {
    yes: &["👍", "ok", "okay"],
    no: &["👎"],
    polite: &["🙏"],
    unclear: &["no problem"],
};

/// The words of this language.
pub(super) const fn of(language: Language) -> Table {
    match language {
        Language::En => EN,
        Language::Cs => CS,
        Language::De => DE,
        Language::Es => ES,
        Language::Fr => FR,
        Language::It => IT,
        Language::Ja => JA,
        Language::Ko => KO,
        Language::Nl => NL,
        Language::Pl => PL,
        Language::Pt => PT,
        Language::Zh => ZH,
    }
}

#[rustfmt::skip]
const EN: Table = Table {
    yes: &[
        "yes", "yep", "yeah", "yup", "sure", "approve", "approved", "allow", "allowed", "accept", "accepted",
        "confirm", "confirmed", "go ahead", "do it",
    ],
    no: &[
        "no", "nope", "nah", "deny", "denied", "reject", "rejected", "refuse", "refused", "decline", "declined",
        "never", "stop", "cancel", "don't", "dont", "do not",
    ],
    polite: &["please", "pls", "plz", "thanks", "thank you", "many thanks", "thx", "ty", "and"],
    unclear: &["no problems", "no worries", "no objection", "no objections", "no issue", "no issues", "no doubt"],
};

#[rustfmt::skip]
const CS: Table = Table {
    yes: &[
        "ano", "jo", "jasně", "jasne", "schválit", "schvaluji", "schváleno", "povolit", "povoluji", "povoleno",
        "souhlasím", "souhlasim", "dobře", "dobre", "v pořádku",
    ],
    no: &[
        "ne", "nikdy", "zamítnout", "zamítám", "zamítnuto", "odmítnout", "odmítám", "odmítnuto", "zakázat",
        "zakazuji", "zrušit", "stop",
    ],
    polite: &["prosím", "prosim", "díky", "diky", "děkuji", "dekuji", "a"],
    unclear: &[],
};

#[rustfmt::skip]
const DE: Table = Table {
    yes: &[
        "ja", "jawohl", "jep", "jo", "klar", "genehmigt", "genehmige", "genehmigen", "erlaubt", "erlaube",
        "erlauben", "freigeben", "freigegeben", "einverstanden", "in ordnung",
    ],
    no: &[
        "nein", "nö", "nee", "ne", "nie", "niemals", "ablehnen", "abgelehnt", "verweigern", "verweigert", "verboten",
        "abbrechen", "stopp", "stop",
    ],
    polite: &["bitte", "danke", "dankeschön", "vielen dank", "gern", "gerne", "und"],
    unclear: &[],
};

#[rustfmt::skip]
const ES: Table = Table {
    yes: &[
        "sí", "si", "vale", "claro", "aprobar", "apruebo", "aprobado", "aceptar", "acepto", "aceptado", "permitir",
        "permito", "permitido", "autorizar", "autorizo", "autorizado", "adelante", "de acuerdo",
    ],
    no: &[
        "no", "nunca", "jamás", "jamas", "rechazar", "rechazo", "rechazado", "denegar", "deniego", "denegado",
        "cancelar",
    ],
    polite: &["por favor", "porfa", "gracias", "muchas gracias", "y"],
    unclear: &["no hay problema", "no pasa nada"],
};

#[rustfmt::skip]
const FR: Table = Table {
    yes: &[
        "oui", "ouais", "d'accord", "approuver", "approuve", "approuvé", "accepter", "accepte", "accepté",
        "autoriser", "autorise", "autorisé", "valider", "validé", "bien sûr", "vas-y",
    ],
    no: &[
        "non", "nan", "jamais", "refuser", "refuse", "refusé", "rejeter", "rejette", "rejeté", "interdire", "interdit",
        "annuler", "annule",
    ],
    polite: &[
        "s'il te plaît", "s'il te plait", "s'il vous plaît", "s'il vous plait", "stp", "svp", "merci", "et",
    ],
    unclear: &[],
};

#[rustfmt::skip]
const IT: Table = Table {
    yes: &[
        "sì", "si", "certo", "approva", "approvo", "approvare", "approvato", "accetta", "accetto", "accettare",
        "accettato", "autorizza", "autorizzo", "autorizzato", "procedi", "va bene", "d'accordo",
    ],
    no: &[
        "no", "mai", "rifiuta", "rifiuto", "rifiutare", "rifiutato", "nega", "negare", "negato", "respingi", "respinto",
        "annulla",
    ],
    polite: &["per favore", "per piacere", "grazie", "grazie mille", "e"],
    unclear: &[],
};

#[rustfmt::skip]
const JA: Table = Table {
    yes: &["はい", "ええ", "承認", "承認します", "許可", "許可します", "オーケー", "オッケー"],
    no: &[
        "いいえ", "いや", "拒否", "拒否します", "却下", "却下します", "不許可", "だめ", "ダメ", "駄目", "中止", "禁止",
    ],
    polite: &["お願いします", "おねがいします", "ありがとう", "ありがとうございます", "です", "と"],
    unclear: &[],
};

#[rustfmt::skip]
const KO: Table = Table {
    yes: &["네", "예", "응", "승인", "승인합니다", "승인해", "허용", "허용합니다", "허락", "좋아요", "좋습니다", "오케이"],
    no: &[
        "아니요", "아니오", "아뇨", "아니", "거부", "거부합니다", "거절", "거절합니다", "불허", "안돼", "안돼요", "안 돼",
        "안 돼요", "중지", "취소", "금지",
    ],
    polite: &["부탁합니다", "부탁해요", "부탁드립니다", "고마워", "고마워요", "감사합니다", "감사해요"],
    unclear: &[],
};

#[rustfmt::skip]
const NL: Table = Table {
    yes: &[
        "ja", "jawel", "jep", "zeker", "prima", "akkoord", "goedkeuren", "goedgekeurd", "toestaan", "toegestaan",
        "in orde", "is goed", "ga door",
    ],
    no: &[
        "nee", "neen", "nooit", "weigeren", "weiger", "geweigerd", "afkeuren", "afgekeurd", "afwijzen", "afgewezen",
        "annuleren", "stop",
    ],
    polite: &["alsjeblieft", "alstublieft", "aub", "graag", "bedankt", "dank je", "dank u", "dankje", "en"],
    unclear: &[],
};

#[rustfmt::skip]
const PL: Table = Table {
    yes: &[
        "tak", "zgoda", "zgadzam się", "zatwierdź", "zatwierdz", "zatwierdzam", "zatwierdzone", "akceptuję",
        "akceptuje", "zezwalam", "pozwalam", "dobrze", "jasne",
    ],
    no: &[
        "nie", "nigdy", "odrzuć", "odrzuc", "odrzucam", "odrzucone", "odmawiam", "odmowa", "zabraniam", "anuluj",
        "stop",
    ],
    polite: &["proszę", "prosze", "dzięki", "dzieki", "dziękuję", "dziekuje", "i", "oraz"],
    unclear: &["nie ma problemu", "nie ma sprawy"],
};

#[rustfmt::skip]
const PT: Table = Table {
    yes: &[
        "sim", "claro", "aprovar", "aprovo", "aprovado", "aceitar", "aceito", "permitir", "permito", "permitido",
        "autorizar", "autorizo", "autorizado", "tudo bem",
    ],
    no: &[
        "não", "nao", "nunca", "jamais", "recusar", "recuso", "recusado", "rejeitar", "rejeito", "rejeitado", "negar",
        "nego", "negado", "cancelar",
    ],
    polite: &["por favor", "obrigado", "obrigada", "e"],
    unclear: &["não há problema", "nao ha problema", "não tem problema", "nao tem problema", "não faz mal"],
};

#[rustfmt::skip]
const ZH: Table = Table {
    yes: &[
        "是", "是的", "好", "好的", "可以", "行", "同意", "批准", "允许", "允許", "许可", "許可", "没问题", "沒問題",
    ],
    no: &[
        "否", "不", "不行", "不要", "不好", "不是", "不可以", "不同意", "不批准", "不允许", "不允許", "拒绝", "拒絕", "禁止",
        "取消", "停止",
    ],
    polite: &["请", "請", "谢谢", "謝謝", "多谢", "吧", "和"],
    unclear: &[],
};
