"""What can be wrong with an evidence bundle, beside what the ledger and the records say of their own parts."""

from archive.errors import ArchiveError


class VerifyError(ArchiveError):
    """Base of every refusal of the verifier's own."""


class BadBundle(VerifyError):
    code = "VER-001"
    ja = "証拠ファイルの項目「{member}」が正しくありません({why})。証拠を取り直してください。"
    en = "The evidence's member {member} is wrong ({why}). Fetch the evidence again."
    zh = "證據檔的項目「{member}」不正確({why})。請重新取得證據。"


class UnknownBundle(VerifyError):
    code = "VER-002"
    ja = "この証拠ファイルの形式({format})は知りません。新しい版のソフトウェアで確かめてください。"
    en = "This evidence has a format that is unknown here ({format}). Check it with newer software."
    zh = "不認識此證據檔的格式({format})。請使用較新的軟體驗證。"


class OtherBytes(VerifyError):
    code = "VER-010"
    ja = "このファイルは、証拠が述べるファイルではありません(SHA-256 {got}、証拠では {want})。"
    en = "This file is not the one that the evidence is for (SHA-256 {got}; the evidence says {want})."
    zh = "此檔案並非證據所指的檔案(SHA-256 {got},證據為 {want})。"


class OtherFile(VerifyError):
    code = "VER-011"
    ja = "ファイル一覧(manifest)の「{member}」が、このファイルと違います。証拠の組み合わせを確かめてください。"
    en = "The manifest says another {member} than this file has. Check that the evidence is of one piece."
    zh = "檔案清單(manifest)的「{member}」與此檔案不符。請確認證據是否完整相符。"


class OtherRelease(VerifyError):
    code = "VER-012"
    ja = "証拠の中で「{member}」が食い違っています({one} と {other})。別の公開のものが混ざっています。"
    en = "Two parts of the evidence disagree on {member} ({one} and {other}): they belong to different releases."
    zh = "證據內的「{member}」互相矛盾({one} 與 {other}):混入了不同版本的內容。"


class NotAPublication(VerifyError):
    code = "VER-013"
    ja = "この文は「{type}」で、公開(publish)の文ではありません。"
    en = "The statement is of type {type}; it publishes nothing."
    zh = "此陳述為「{type}」,並非公開(publish)陳述。"


class NoGenesis(VerifyError):
    code = "VER-020"
    ja = "台帳の最初の文(genesis)が、証拠の鍵の一番目にありません。証拠を取り直してください。"
    en = "The first key statement is not the log's genesis at index 0. Fetch the evidence again."
    zh = "證據的第一個金鑰陳述並非帳本位置 0 的 genesis。請重新取得證據。"


class KeysOutOfOrder(VerifyError):
    code = "VER-021"
    ja = "鍵の文(台帳の {index} 番)の順序が正しくありません。鍵は使われる前に載っていなければなりません。"
    en = "The key statement at index {index} is out of order: a key stands in the log before it is used."
    zh = "金鑰陳述(帳本第 {index} 項)的順序不正確:金鑰必須先登記才能使用。"


class NotAKey(VerifyError):
    code = "VER-022"
    ja = "台帳の {index} 番は「{type}」の文で、鍵を加える文ではありません。"
    en = "The statement at index {index} is of type {type}; it adds no key."
    zh = "帳本第 {index} 項為「{type}」陳述,並未新增金鑰。"


class OtherHost(VerifyError):
    code = "VER-023"
    ja = "鍵「{name}」は、台帳「{origin}」と同じ節点のものではありません。"
    en = "The key {name} does not belong to the node of the log {origin}."
    zh = "金鑰「{name}」不屬於帳本「{origin}」的節點。"


class OtherLog(VerifyError):
    code = "VER-024"
    ja = "この文は台帳「{got}」のもので、「{want}」のものではありません。"
    en = "A statement is for the log {got}, not for {want}."
    zh = "此陳述屬於帳本「{got}」,而非「{want}」。"


class OtherPosition(VerifyError):
    code = "VER-025"
    ja = "証拠は {said} 番と言い、証明は {proved} 番を指しています。証拠を取り直してください。"
    en = "The evidence says index {said}, its proof is for index {proved}. Fetch the evidence again."
    zh = "證據所述為第 {said} 項,但證明指向第 {proved} 項。請重新取得證據。"


class OtherCheckpoint(VerifyError):
    code = "VER-026"
    ja = "証拠の中の証明が、二つの違うチェックポイントを使っています。証拠を取り直してください。"
    en = "The proofs of this evidence are under two different checkpoints. Fetch the evidence again."
    zh = "證據中的證明使用了兩個不同的檢查點。請重新取得證據。"


class NothingPinned(VerifyError):
    code = "VER-030"
    ja = "信頼する台帳の方針が渡されていません。台帳の鍵を別の道で確かめ、方針(--policy)にしてください。"
    en = "No policy of trusted logs was given. Learn the log's key by another way and put it in a policy (--policy)."
    zh = "未提供信任帳本的政策。請由其他途徑確認帳本金鑰,並寫入政策(--policy)。"


class Doubtful(VerifyError):
    code = "VER-050"
    ja = "部署の鍵は、台帳の文 {from} から先が疑わしいとして失効しました。この公開(文 {index})はその後のものです。"
    en = "The agency's key was revoked as doubtful from statement {from} of the log on; this one is statement {index}."
    zh = "機關的金鑰自帳本第 {from} 筆陳述起被撤銷並視為可疑;此次公開為第 {index} 筆。"


class AnchorRefused(VerifyError):
    code = "VER-051"
    ja = "時刻の証明({by})が、この台帳のものではないか、正しくありません({why})。証拠を取り直してください。"
    en = "The proof of time by {by} is not for this log, or is wrong ({why}). Fetch the evidence again."
    zh = "{by} 的時間證明並非此帳本所有,或不正確({why})。請重新取得證據。"


class NotInRelease(VerifyError):
    code = "VER-052"
    ja = "このファイル(SHA-256 {got})は、証拠の版のどのファイルでもありません。"
    en = "This file (SHA-256 {got}) is none of the files of the release that the evidence is for."
    zh = "此檔案(SHA-256 {got})不是證據所指版本的任何檔案。"


class BytesMissing(VerifyError):
    code = "VER-053"
    ja = "確かめるファイルが渡されていません。証拠と一緒に、ファイル(行の証拠なら行)を渡してください。"
    en = "There is no file to check. Give the file (for the evidence of a row: the row) together with the evidence."
    zh = "沒有要檢查的檔案。請連同證據提供檔案(列的證據則提供該列)。"


class NotErased(VerifyError):
    code = "VER-054"
    ja = "消去の証拠とされていますが、このファイルを消去した文が入っていません。証拠を取り直してください。"
    en = "The evidence is said to be of an erased file, but brings no statement that erased it. Fetch it again."
    zh = "此證據稱檔案已刪除,卻沒有刪除該檔案的陳述。請重新取得證據。"


class NotLater(VerifyError):
    code = "VER-055"
    ja = "台帳の {index} 番の文({type})は、この公開について後から述べたものではありません。"
    en = "The statement at index {index} ({type}) says nothing later about this publication."
    zh = "帳本第 {index} 項陳述({type})並非針對此次公開的後續陳述。"


class BadRenewal(VerifyError):
    code = "VER-056"
    ja = "台帳の {index} 番の更新(renew)は、この時刻の証明を含んでいません。証拠を取り直してください。"
    en = "The renewal at index {index} does not cover this proof of time. Fetch the evidence again."
    zh = "帳本第 {index} 項更新(renew)並未涵蓋此時間證明。請重新取得證據。"


class BadZip(VerifyError):
    code = "VER-060"
    ja = "ZIP を読めません({why})。証拠を取り直すか、ファイルと証拠(JSON)を別々に渡してください。"
    en = "The ZIP cannot be read ({why}). Fetch the evidence again, or give the file and its evidence (JSON) apart."
    zh = "無法讀取 ZIP({why})。請重新取得證據,或分別提供檔案與證據(JSON)。"


class UnsafeZipName(VerifyError):
    code = "VER-061"
    ja = "ZIP の中の名前「{name}」は危険です({why})。この ZIP は展開しないでください。"
    en = "The ZIP holds an unsafe name, {name} ({why}). Do not unpack this ZIP."
    zh = "ZIP 內含不安全的名稱「{name}」({why})。請勿解壓縮此 ZIP。"


class TwiceInZip(VerifyError):
    code = "VER-062"
    ja = "ZIP の中に「{name}」が二つあります。どちらが本物か分からないため、使えません。"
    en = "The ZIP holds {name} twice: nobody can say which one is meant. Fetch the evidence again."
    zh = "ZIP 內有兩個「{name}」,無法分辨何者為真。請重新取得證據。"


class LockedZip(VerifyError):
    code = "VER-063"
    ja = "ZIP の「{name}」は暗号化されているか、知らない方式で圧縮されています。展開してから確かめてください。"
    en = "{name} in the ZIP is encrypted, or packed by an unknown method. Unpack it and check what comes out."
    zh = "ZIP 內的「{name}」已加密或採用未知壓縮方式。請先解壓縮再驗證。"


class ZipTooLarge(VerifyError):
    code = "VER-064"
    ja = "ZIP の「{name}」は大きすぎるか、不自然に膨らみます。展開せず、ファイルと証拠を別々に取ってください。"
    en = "{name} in the ZIP is too large, or would swell beyond reason. Get the file and its evidence apart."
    zh = "ZIP 內的「{name}」過大或膨脹異常。請分別取得檔案與證據。"


class NotInZip(VerifyError):
    code = "VER-065"
    ja = "ZIP に evidence.json が一つと、file/ の下にファイルが一つまで必要です({why})。証拠を取り直してください。"
    en = "The ZIP must hold evidence.json and at most one file below file/ ({why}). Fetch the evidence again."
    zh = "ZIP 須含 evidence.json,且 file/ 下至多一個檔案({why})。請重新取得證據。"


class EvidenceNeeded(VerifyError):
    code = "VER-067"
    ja = "「{name}」は証拠ではありません。確かめるファイルと、その証拠(*.evidence.json か zip)を両方渡してください。"
    en = "{name} is no evidence. Give both: the file to check, and its evidence (*.evidence.json, or a zip of it)."
    zh = "「{name}」不是證據。請同時提供要檢查的檔案與其證據(*.evidence.json 或 zip)。"
