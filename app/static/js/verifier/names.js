// Texts of strangers, made safe to show: control, format and unreadable characters as \uXXXX.

const UNSAFE = /[\p{Cc}\p{Cs}\p{Cf}\p{Zl}\p{Zp}\p{Noncharacter_Code_Point}]/gu;

export function escaped(text) {
  return String(text).replace(UNSAFE, (char) => {
    const point = char.codePointAt(0);
    return point <= 0xffff ? `\\u${point.toString(16).padStart(4, "0")}` : `\\U${point.toString(16).padStart(8, "0")}`;
  });
}
